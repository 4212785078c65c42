import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { ROOT } from '../../lib/constructs/bundle';
import { applyPatch, type Variant } from './variants';

/** A careless change leaves something unused now and then; it compiles all the same. */
const OPTIONS: ts.CompilerOptions = { noUnusedLocals: false, noUnusedParameters: false, allowUnreachableCode: true };

/**
 * The compiler's errors in the files that a variant changes. Variants are bundled without types, and one that throws
 * where it should be wrong is noticed for another reason than it was made for.
 */
export function typeErrors(variants: readonly Variant[]): ReadonlyMap<string, readonly string[]> {
  const { options, fileNames } = readProject();
  const patched = new Map<string, string>();
  let version = 0;
  const textOf = (file: string): string | undefined => patched.get(file) ?? ts.sys.readFile(file);
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCompilationSettings: () => options,
    getScriptFileNames: () => fileNames,
    getScriptVersion: (file) => (patched.has(file) ? `patched-${version}` : 'product'),
    getScriptSnapshot: (file) => {
      const text = textOf(file);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => ROOT,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  });
  return new Map(
    variants.map(({ name, patches }) => {
      patched.clear();
      version += 1;
      for (const patch of patches) {
        const file = path.join(ROOT, patch.file);
        patched.set(file, applyPatch(patched.get(file) ?? readFileSync(file, 'utf8'), patch));
      }
      const found = [...patched.keys()].flatMap((file) => [
        ...service.getSyntacticDiagnostics(file),
        ...service.getSemanticDiagnostics(file),
      ]);
      return [name, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))];
    }),
  );
}

/** Of the services alone: the whole project takes ten times as long. */
function readProject(): { options: ts.CompilerOptions; fileNames: string[] } {
  const { config } = ts.readConfigFile(path.join(ROOT, 'tsconfig.json'), ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent({ ...config, include: ['services'] }, ts.sys, ROOT);
  return { options: { ...options, ...OPTIONS }, fileNames };
}

import path from 'node:path';
import ts from 'typescript';
import { REPOSITORY } from '../../lib/repository';
import { patchedFiles, type Variant } from './variants';

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
  const service = ts.createLanguageService({
    ...ts.sys,
    useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
    getCompilationSettings: () => options,
    getScriptFileNames: () => fileNames,
    getScriptVersion: (file) => (patched.has(file) ? `patched-${version}` : 'product'),
    getScriptSnapshot: (file) => {
      const text = patched.get(file) ?? ts.sys.readFile(file);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => REPOSITORY,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
  });
  return new Map(
    variants.map((variant) => {
      patched.clear();
      version += 1;
      for (const [file, text] of patchedFiles(variant)) patched.set(path.join(REPOSITORY, file), text);
      const found = [...patched.keys()].flatMap((file) => [
        ...service.getSyntacticDiagnostics(file),
        ...service.getSemanticDiagnostics(file),
      ]);
      return [variant.name, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))];
    }),
  );
}

/** Of the services alone: the whole project takes ten times as long. */
function readProject(): { options: ts.CompilerOptions; fileNames: string[] } {
  const { config } = ts.readConfigFile(path.join(REPOSITORY, 'tsconfig.json'), ts.sys.readFile);
  const { options, fileNames } = ts.parseJsonConfigFileContent(
    { ...config, include: ['services'] },
    ts.sys,
    REPOSITORY,
  );
  return { options: { ...options, ...OPTIONS }, fileNames };
}

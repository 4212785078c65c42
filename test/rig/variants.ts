/** Programs that differ from the product's by exact replacements in its sources: crash points and mutations. */
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../../lib/repository';

export interface Patch {
  /** From the root. */
  readonly file: string;
  readonly search: string;
  readonly replace: string;
}

export interface Variant {
  readonly name: string;
  readonly patches: readonly Patch[];
}

/** Names by service; each stands once in its sources, as a comment alone on a line. */
export const CRASH_POINTS = {
  producer: ['before-send', 'after-send', 'in-drain'],
  processor: ['before-write', 'after-write', 'in-commit', 'in-dead-letter', 'in-drain'],
} as const;

export type Service = keyof typeof CRASH_POINTS;

const MARKER = /^[ \t]*\/\/ crash-point: (\S+)[ \t]*$/gm;

export interface FoundMarker {
  readonly file: string;
  readonly name: string;
}

export function findCrashPoints(service: Service): FoundMarker[] {
  const folder = path.join('services', service);
  return readdirSync(path.join(REPOSITORY, folder))
    .filter((file) => file.endsWith('.ts'))
    .flatMap((name) => {
      const file = path.join(folder, name);
      return [...readFileSync(path.join(REPOSITORY, file), 'utf8').matchAll(MARKER)].map((match) => ({
        file,
        name: match[1],
      }));
    });
}

/** METALS_CRASH_POINT=NAME:N kills the process at the N-th pass of that point, before anything else can run. */
const CRASH = `(() => {
  const [name, pass] = (process.env.METALS_CRASH_POINT ?? '').split(':');
  if (name !== NAME_OF_POINT) return;
  const state = globalThis as unknown as { metalsCrashPasses?: number };
  state.metalsCrashPasses = (state.metalsCrashPasses ?? 0) + 1;
  if (state.metalsCrashPasses === Number(pass)) for (;;) process.kill(process.pid, 'SIGKILL');
})();`;

export const crashPoints = (service: Service): Variant => ({
  name: 'crash-points',
  patches: findCrashPoints(service).map(({ file, name }) => ({
    file,
    search: `// crash-point: ${name}\n`,
    replace: `${CRASH.replace('NAME_OF_POINT', JSON.stringify(name))}\n`,
  })),
});

/** Replaces what stands exactly once; anything else means that the code has moved and the patch proves nothing. */
export function applyPatch(text: string, { file, search, replace }: Patch): string {
  const count = text.split(search).length - 1;
  if (count !== 1) {
    throw new Error(
      `${file} holds ${count} times, expected once: ${JSON.stringify(search)}; adapt the patch to the code`,
    );
  }
  return text.replace(search, () => replace);
}

/** The text of each file that the variant changes, by its name from the root. */
export function patchedFiles({ patches }: Variant): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const patch of patches) {
    const text = texts.get(patch.file) ?? readFileSync(path.join(REPOSITORY, patch.file), 'utf8');
    texts.set(patch.file, applyPatch(text, patch));
  }
  return texts;
}

/** Copies the services' sources below `directory` (inside the repository, for its node_modules) and patches the copy. */
export function writePatchedSources(directory: string, variant: Variant): void {
  cpSync(path.join(REPOSITORY, 'services'), path.join(directory, 'services'), { recursive: true });
  for (const [file, text] of patchedFiles(variant)) writeFileSync(path.join(directory, file), text);
}

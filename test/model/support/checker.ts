/** Builds and runs the checker: Spin turns the model into C, the compiler makes a program of it. */
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { REPOSITORY } from '../../../lib/repository';
import type { Case } from '../cases';
import { readMutations, readOutput, readSteps, type Found } from './output';

const MODEL = path.join(REPOSITORY, 'test', 'model');
const FOLDER = path.join(REPOSITORY, 'build', 'model');
const FETCHED_SPIN = path.join(FOLDER, 'spin', 'usr', 'bin', 'spin');
/** The state takes 156 bytes, and no partial-order reduction can help a single process. */
const FLAGS = ['-w', '-O1', '-DVECTORSZ=512', '-DNOREDUCE', '-DMEMLIM=6000'];
/** Deeper than any run; a run that reaches it fails. */
const DEPTH = '-m20000';
const OUTPUT_BYTES = 64 << 20;

const run = promisify(execFile);
/** Polite: others work on this machine too. */
const politely = (file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> =>
  run('nice', ['-n', '5', file, ...args], {
    cwd: FOLDER,
    env: { ...process.env, ...env },
    maxBuffer: OUTPUT_BYTES,
  }).then(
    ({ stdout }) => stdout,
    (error: Error & { stdout?: string; code?: unknown }) => {
      throw new Error(`${file} ${args.join(' ')} ended with ${String(error.code)}: ${error.message.slice(0, 2_000)}`);
    },
  );

export type Kind = 'safety' | 'cycles';

/** From nothing: what an earlier model compiled to must not answer for this one. */
export async function buildCheckers(kinds: readonly Kind[]): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  for (const file of readdirSync(FOLDER)) if (/^pan|^checker/.test(file)) rmSync(path.join(FOLDER, file));
  for (const file of readdirSync(MODEL).filter((name) => /\.(pml|[ch])$/.test(name))) {
    copyFileSync(path.join(MODEL, file), path.join(FOLDER, file));
  }
  await politely(existsSync(FETCHED_SPIN) ? FETCHED_SPIN : 'spin', ['-a', 'delivery.pml']);
  for (const kind of kinds) {
    const what = kind === 'safety' ? '-DSAFETY' : '-DNP';
    await politely('cc', [...FLAGS, what, '-o', `checker-${kind}`, 'checker.c']);
  }
}

const numbers = (): ReadonlyMap<string, number> => readMutations(readFileSync(path.join(MODEL, 'constants.h'), 'utf8'));

function environment({ bounds, mutation }: Case): NodeJS.ProcessEnv {
  const entries = Object.entries(bounds).map(([name, value]) => [`MODEL_${name}`, String(value)]);
  if (mutation === undefined) return Object.fromEntries(entries);
  const number = numbers().get(mutation);
  if (number === undefined) throw new Error(`constants.h has no mutation ${mutation}`);
  return Object.fromEntries([...entries, ['MODEL_mutation', String(number)]]);
}

/** Tries every order of every step. Throws when that was not possible. */
export async function explore(of: Case, kind: Kind = 'safety'): Promise<Found> {
  const args = [...(kind === 'cycles' ? ['-l'] : []), '-n', DEPTH];
  return readOutput(await politely(path.join(FOLDER, `checker-${kind}`), args, environment(of)));
}

/** The steps that lead to a broken promise; not always the fewest. */
export async function counterexample(of: Case, promise: string): Promise<string[]> {
  const env = { ...environment(of), MODEL_stop_at: promise };
  const checker = path.join(FOLDER, 'checker-safety');
  await politely(checker, ['-n', '-i', DEPTH], env);
  return readSteps(await politely(checker, ['-r', 'delivery.pml.trail'], { ...env, MODEL_stop_at: '' }));
}

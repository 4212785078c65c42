/** Programs that the tests run, and the project's own commands. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

export const ROOT = join(__dirname, '../../..');

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; its exit code is part of the answer. */
export function tryRun(program: string, args: readonly string[], input = ''): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: ROOT, env: process.env, stdio: 'pipe' });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 137, ...output }));
    // A program that ends before it has read everything shows that by its exit code.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Runs a program and returns its stdout; anything but exit code 0 is an error with its output. */
export async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const result = await tryRun(program, args, input);
  if (result.code === 0) return result.stdout;
  throw new Error(`${program} ${args.join(' ')}: exit code ${result.code}\n${result.stderr}\n${result.stdout}`);
}

/** The CDK CLI, as typed by hand. Its messages go to stderr, templates and outputs to stdout. */
export const cdk = (...args: string[]): Promise<Result> =>
  tryRun('node_modules/.bin/cdk', [...args, '--no-color', '--progress', 'events']);

/** Keys of lib/config.ts with their values. */
export type Settings = Readonly<Record<string, string | number>>;

export const contextOf = (settings: Settings): string[] =>
  Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);

/** The command line of the product. */
export const metals = (...args: string[]): Promise<Result> => tryRun('bin/metals', args);

/** Looks again until it holds, at most so long; the last reason is in the error. */
export async function eventually(
  what: string,
  timeoutSeconds: number,
  look: () => Promise<string | undefined>,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutSeconds * 1000;
  for (;;) {
    const reason = await look();
    if (reason === undefined) return;
    if (Date.now() > deadlineMs) throw new Error(`${what}: not within ${timeoutSeconds} s: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Looks again and again, each time so long after the last look ended; what it answers ends that, after the look under way. */
export function repeatedly(everyMilliseconds: number, look: () => Promise<void>): () => Promise<void> {
  let working = true;
  const looking = (async () => {
    while (working) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, everyMilliseconds));
    }
  })();
  return async () => {
    working = false;
    await looking;
  };
}

/** Programs run by the lab: always an argument array, never a shell; output in memory, lines as they come. */
import { spawn } from 'node:child_process';

/** Enough for every listing; a build's log keeps its end, where the error is. */
const OUTPUT_LIMIT_CHARACTERS = 4 * 1024 * 1024;
const ERROR_TAIL_LINES = 20;

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly input?: string;
  readonly cwd?: string;
  /** Replaces the inherited environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Each whole line of stdout and stderr as it comes. */
  readonly onLine?: (line: string) => void;
}

export interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program ended with another exit code than 0. */
export class ProgramError extends Error {
  constructor(
    readonly program: string,
    readonly args: readonly string[],
    readonly output: Output,
  ) {
    const text = [output.stderr.trim(), output.stdout.trim()].find((part) => part !== '') ?? 'no output';
    super(`${[program, ...args.slice(0, 3)].join(' ')}: exit code ${output.exitCode}: ${lastLines(text)}`);
    this.name = 'ProgramError';
  }
}

export const lastLines = (text: string, count = ERROR_TAIL_LINES): string => text.split('\n').slice(-count).join('\n');

/** Runs to the end whatever the exit code; rejects when the program cannot start or is interrupted. */
export function tryRun(program: string, args: readonly string[], options: RunOptions = {}): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      signal: options.signal,
      cwd: options.cwd,
      env: options.env,
    });
    const stdout = collect(child.stdout!, options.onLine);
    const stderr = collect(child.stderr!, options.onLine);
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 137, stdout: stdout(), stderr: stderr() }));
    if (child.stdin) {
      // A program that ends before it read everything says so by its exit code; EPIPE adds nothing.
      child.stdin.on('error', () => undefined);
      child.stdin.end(options.input);
    }
  });
}

/** Runs and returns stdout; throws ProgramError unless the exit code is 0. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const output = await tryRun(program, args, options);
  if (output.exitCode !== 0) throw new ProgramError(program, args, output);
  return output.stdout;
}

function collect(stream: NodeJS.ReadableStream, onLine?: (line: string) => void): () => string {
  let text = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-OUTPUT_LIMIT_CHARACTERS);
    if (!onLine) return;
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach((line) => onLine(line));
  });
  stream.on('end', () => {
    if (onLine && rest !== '') onLine(rest);
  });
  return () => text;
}

/** Runs a program that answers a question: its failure is an answer as well. */
import { execFile } from 'node:child_process';

export interface ProgramAnswer {
  readonly succeeded: boolean;
  readonly stdout: string;
  /** One line; empty when it succeeded. */
  readonly problem: string;
}

export type TryProgram = typeof tryProgram;

/** @throws only when interrupted */
export function tryProgram(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  signal: AbortSignal,
): Promise<ProgramAnswer> {
  return new Promise((resolve, reject) => {
    const options = { timeout: timeoutMs, signal, maxBuffer: 16 * 1024 * 1024 };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (signal.aborted) return reject(signal.reason as Error);
      if (!error) return resolve({ succeeded: true, stdout, problem: '' });
      resolve({ succeeded: false, stdout, problem: explain(program, error, stderr, timeoutMs) });
    });
  });
}

function explain(program: string, error: Error & { killed?: boolean }, stderr: string, timeoutMs: number): string {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return `${program} is not installed`;
  if (error.killed) return `no answer within ${timeoutMs / 1000} s`;
  return stderr.trim().split('\n').at(-1) || error.message;
}

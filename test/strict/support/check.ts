/** Runs tests in a copy of the product: Jest or bats, by the file's name, bounded in time. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { jestResults, tapResults, type TestResult } from './judge';

/** For a machine with other work; the test of one defect takes some seconds. */
export const DEFECT_LIMIT_SECONDS = 120;
/** All tests together, the first time with a compilation of every file. */
export const BASELINE_LIMIT_SECONDS = 900;
/** A stage that is made, and goes again. */
export const LAB_LIMIT_SECONDS = 1500;

export interface Check {
  /** Files of one kind. */
  readonly files: readonly string[];
  /** Parts of the full names of the tests to run. */
  readonly names: readonly string[];
  readonly limitSeconds: number;
  /** Of jest.config.js. @default unit */
  readonly project?: 'unit' | 'lab';
}

export const isBats = (file: string): boolean => file.endsWith('.bats');

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** @throws Error when the tests took too long, or gave no report at all */
export async function runCheck(
  copy: string,
  { files, names, limitSeconds, project = 'unit' }: Check,
): Promise<TestResult[]> {
  const filter = `(${names.map(literally).join('|')})`;
  if (isBats(files[0]!)) {
    const output = await runBounded(
      'node_modules/bats/bin/bats',
      ['--formatter', 'tap', '--filter', filter, ...files],
      copy,
      limitSeconds,
    );
    return tapResults(output);
  }
  const report = path.join(copy, 'report.json');
  rmSync(report, { force: true });
  const options = ['--selectProjects', project, '--runInBand', '--ci', '--json', '--outputFile', report];
  const tests = ['--testNamePattern', filter, '--runTestsByPath', ...files];
  const output = await runBounded('node_modules/.bin/jest', [...options, ...tests], copy, limitSeconds, FULL);
  if (!existsSync(report)) throw new Error(`Jest wrote no report: ${output.slice(-2000)}`);
  return jestResults(readFileSync(report, 'utf8'));
}

/** CDK's validation of templates takes half of a synthesis and judges no planted defect: the named test does. */
const WITHOUT_VALIDATION = { CDK_VALIDATION: 'false' };

/** The lab's long sequences, too; nothing else asks. */
const FULL = { METALS_LAB_FULL: '1' };

/** Answers stdout and stderr, whatever the exit code: failing is what is asked for. */
const runBounded = async (...run: Parameters<typeof runProgram>): Promise<string> => (await runProgram(...run)).output;

export interface Ended {
  readonly exitCode: number;
  /** stdout and stderr. */
  readonly output: string;
}

/** @throws Error when it takes longer */
export function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  limitSeconds: number,
  variables: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that nothing that a test has started outlives its check.
    const env = { ...process.env, ...WITHOUT_VALIDATION, ...variables };
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let late = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => void (output += chunk));
    }
    const end = () => endGroup(child.pid);
    const timer = setTimeout(() => {
      late = true;
      end();
    }, limitSeconds * 1000);
    process.once('exit', end);
    child.on('error', reject);
    // What a test leaves behind may hold the pipes open: bats' own watchdog sleeps on after a failed test.
    child.on('exit', end);
    child.on('close', (code) => {
      clearTimeout(timer);
      process.removeListener('exit', end);
      if (late) reject(new Error(`${program} took longer than ${limitSeconds} s: ${output.slice(-2000)}`));
      else resolve({ exitCode: code ?? 137, output });
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

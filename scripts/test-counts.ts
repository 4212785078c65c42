/**
 * Adds up test results: `tsx scripts/test-counts.ts FILE…` with Jest's --json files and TAP files.
 * Prints `N passed, N failed`; a file that is missing, empty or cut off counts as a failure.
 */
import { readFileSync } from 'node:fs';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const NOTHING: Counts = { passed: 0, failed: 0, skipped: 0 };

/** A suite that could not even be loaded has no tests, so it counts as one failed test of its own. */
export function countJest(json: string): Counts {
  const report = JSON.parse(json) as Record<string, number>;
  const number = (key: string): number => {
    const value = report[key];
    if (typeof value !== 'number') throw new Error(`Jest's report lacks the number ${key}`);
    return value;
  };
  return {
    passed: number('numPassedTests'),
    failed: number('numFailedTests') + number('numRuntimeErrorTestSuites'),
    skipped: number('numPendingTests') + number('numTodoTests'),
  };
}

/** TAP announces how many tests come (`1..N`); those that never reported have failed. */
export function countTap(tap: string): Counts {
  const lines = tap.split('\n');
  const plan = lines.map((line) => /^1\.\.(\d+)/.exec(line)).find((match) => match);
  if (!plan) throw new Error('a TAP file has no plan line such as 1..12');
  const skipped = lines.filter((line) => /^ok \d+ .*# skip/i.test(line)).length;
  const passed = lines.filter((line) => /^ok \d+/.test(line)).length - skipped;
  return { passed, skipped, failed: Math.max(0, Number(plan[1]) - passed - skipped) };
}

export function countFile(path: string, text: string): Counts {
  return path.endsWith('.json') ? countJest(text) : countTap(text);
}

export const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

export const format = (counts: Counts): string =>
  `${counts.passed} passed, ${counts.failed} failed` + (counts.skipped ? `, ${counts.skipped} skipped` : '');

/** Prints the sum and returns the exit code: nothing that passed is a failure too. */
function main(paths: readonly string[]): number {
  const total = paths
    .map((path) => {
      try {
        return countFile(path, readFileSync(path, 'utf8'));
      } catch (error) {
        console.error(`test-counts: ${path}: ${(error as Error).message}; counted as one failure`);
        return { ...NOTHING, failed: 1 };
      }
    })
    .reduce(add, NOTHING);
  console.log(format(total));
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

if (require.main === module) process.exitCode = main(process.argv.slice(2));

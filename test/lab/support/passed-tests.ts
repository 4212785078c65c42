/** Which tests have passed on the lab that is up, in this run or an earlier one, as passed-reporter.js has written it down. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A test of test/lab, by the name of its file and its own title. */
export interface TestName {
  readonly file: string;
  readonly title: string;
}

interface Passed extends TestName {
  /** SHA-256 of the lab's secret, which is made anew for each lab. */
  readonly lab: string;
}

/** Pure: whether the lab with this secret has seen the test pass; `written` is JSON lines. */
export function hasPassed(test: TestName, secret: Buffer | string, written: string): boolean {
  const lab = createHash('sha256').update(secret).digest('hex');
  return written
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Passed)
    .some((passed) => passed.lab === lab && passed.file === test.file && passed.title === test.title);
}

/** False where nothing was written down: Jest was started without scripts/test-lab, or on another lab. */
export function hasPassedHere(test: TestName, directory = path.join(__dirname, '../../../.lab')): boolean {
  const [secret, file] = [path.join(directory, 'secret'), path.join(directory, 'tests-passed.jsonl')];
  return existsSync(secret) && existsSync(file) && hasPassed(test, readFileSync(secret), readFileSync(file, 'utf8'));
}

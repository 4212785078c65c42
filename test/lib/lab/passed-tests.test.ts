import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { REPOSITORY } from '../../../lib/repository';
import { GRANTS_OF_TESTS } from '../../lab/support/grants-of-tests';
import { hasPassed, hasPassedHere } from '../../lab/support/passed-tests';

const TEST = { file: '85-workers.test.ts', title: 'back to two' };
const line = (secret: string, test = TEST) =>
  `${JSON.stringify({ lab: createHash('sha256').update(secret).digest('hex'), ...test })}\n`;

describe('tests that have passed on the lab that is up', () => {
  it('are those of this lab, file and title', () => {
    expect(hasPassed(TEST, 'secret', line('secret', { ...TEST, title: 'another' }) + line('secret'))).toBe(true);
    expect(hasPassed(TEST, 'secret', line('of an earlier lab'))).toBe(false);
    expect(hasPassed(TEST, 'secret', line('secret', { ...TEST, file: '95-iam.test.ts' }))).toBe(false);
    expect(hasPassed(TEST, 'secret', '')).toBe(false);
  });

  it('are none where nothing is written down', () => {
    const directory = mkdtempSync(path.join(os.tmpdir(), 'passed-'));
    expect(hasPassedHere(TEST, directory)).toBe(false);
    writeFileSync(path.join(directory, 'secret'), 'secret');
    expect(hasPassedHere(TEST, directory)).toBe(false);
    writeFileSync(path.join(directory, 'tests-passed.jsonl'), line('secret'));
    expect(hasPassedHere(TEST, directory)).toBe(true);
  });
});

test.each(GRANTS_OF_TESTS.map(({ test: needed }) => [needed.file, needed.title] as const))(
  '%s has the test that a grant is for: %s',
  (file, title) => expect(readFileSync(path.join(REPOSITORY, 'test/lab', file), 'utf8')).toContain(`test('${title}'`),
);

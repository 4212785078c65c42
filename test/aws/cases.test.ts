import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CASES, titlePattern } from './cases';

const LAB = join(__dirname, '../lab');

test('every file of the lab is in the list, once', () => {
  const files = readdirSync(LAB).filter((name) => name.endsWith('.test.ts'));
  expect(CASES.map(({ file }) => file)).toEqual(files.sort());
});

test.each(CASES.filter(({ runs }) => runs.length))('each case that runs stands in $file', ({ file, runs }) => {
  const text = readFileSync(join(LAB, file), 'utf8');
  for (const title of runs) expect(text).toContain(`test('${title}'`);
});

test('the pattern matches the titles as they are, and no other case', () => {
  const pattern = new RegExp(titlePattern(CASES));
  for (const title of CASES.flatMap(({ runs }) => runs)) expect(`services ${title}`).toMatch(pattern);
  expect('in no log and no file of a node').not.toMatch(pattern);
  expect('in no file of the working copyX').not.toMatch(pattern);
});

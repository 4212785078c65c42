import { readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../../lib/repository';
import { CHECKS, CUTS, DEEP_CHECKS, MUTATIONS, TERMINATION, type Case } from './cases';
import { readMutations, readOutput, readSteps, readTable } from './support/output';

const read = (...parts: string[]): string => readFileSync(path.join(REPOSITORY, ...parts), 'utf8');
const constants = read('test', 'model', 'constants.h');
const docs = read('docs', 'delivery.md');

/** First and last column of a row: the name, and the promises that it breaks. */
function nameAndBreaks(row: string): readonly [string, string] {
  const cells = row.split('|').slice(1, -1);
  const [name = '', breaks = ''] = [cells.at(0), cells.at(-1)].map((cell) => cell?.replaceAll('`', '').trim());
  return [name, breaks];
}
const told = ({ name, breaks }: Case): readonly [string, string] => [name, [...breaks].sort().join(', ') || 'nothing'];

test('each mutation of the model is a case, and the other way round', () => {
  const names = MUTATIONS.map(({ mutation }) => mutation);
  expect(names).toEqual([...readMutations(constants).keys()]);
  expect([...readMutations(constants).values()]).toEqual(names.map((_, index) => index + 1));
});

test('docs/delivery.md says of each mutation which promises it breaks', () => {
  expect(readTable(docs, '<!-- mutations of the model -->').map(nameAndBreaks)).toEqual(MUTATIONS.map(told));
});

test('docs/delivery.md says of each way to tell a cut log which promises fall', () => {
  expect(readTable(docs, '<!-- cuts of the model -->').map(nameAndBreaks)).toEqual(CUTS.map(told));
});

test('docs/delivery.md names each check of the product', () => {
  const names = readTable(docs, '<!-- checks of the model -->').map((row) => nameAndBreaks(row)[0]);
  expect(names).toEqual([TERMINATION, ...CHECKS, ...DEEP_CHECKS].map(({ name }) => name));
});

test('every bound of a case is one that the model reads', () => {
  const judge = read('test', 'model', 'promises.c');
  const names = [...CHECKS, ...DEEP_CHECKS, ...MUTATIONS, ...CUTS].flatMap(({ bounds }) => Object.keys(bounds));
  for (const name of new Set(names)) expect(judge).toContain(`bound("${name}"`);
});

const OUTPUT = `
Full statespace search for:
	invalid end states	+

State-vector 140 byte, depth reached 299, errors: 0
  2013995 states, stored
pan: elapsed time 88.1 seconds
ends: 456
broken: lost
broken: unsaid
`;

test('the output of the checker: states, ends and broken promises', () => {
  expect(readOutput(OUTPUT)).toEqual({ states: 2_013_995, ends: 456, broken: ['lost', 'unsaid'] });
});

test.each([
  ['error: max search depth too small', 'not exhaustive'],
  ['Warning: Search not completed', 'not exhaustive'],
  ['broken: bound', 'LOG in constants.h'],
])('a search that was not exhaustive is no proof: %s', (line, problem) => {
  expect(() => readOutput(`${OUTPUT}${line}\n`)).toThrow(problem);
});

test('errors of Spin itself, and a number that is missing, are not passed over', () => {
  const stuck = OUTPUT.replace('errors: 0', 'errors: 1');
  expect(() => readOutput(`pan:1: non-progress cycle (at depth 9)\n${stuck}`)).toThrow('non-progress cycle');
  expect(() => readOutput(OUTPUT.replace('ends: 456', ''))).toThrow('ends');
});

test('a counterexample shows the steps of the model alone', () => {
  const text =
    '  1:\tproc  0 (:init:) delivery.pml:9\nthe producer connects, with id 1\nFAULT: the broker dies\nspin: trail ends\n';
  expect(readSteps(text)).toEqual(['the producer connects, with id 1', 'FAULT: the broker dies']);
});

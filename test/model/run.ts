/**
 * `npm run test:model`: checks the model of the delivery exhaustively, then builds each mutation into it, which must break
 * the promises that cases.ts names and no other. `--deep` takes larger bounds too, `--trace NAME` shows how a mutation
 * breaks its first promise. docs/delivery.md explains the model.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createColors } from 'picocolors';
import { drawTable } from '../../lib/cli/table';
import { REPOSITORY } from '../../lib/repository';
import { CHECKS, CUTS, DEEP_CHECKS, MUTATIONS, TERMINATION, type Case } from './cases';
import { buildCheckers, counterexample, explore, type Kind } from './support/checker';

const TAP_FILE = path.join(REPOSITORY, 'build', 'test-results', 'model.tap');

interface Outcome {
  readonly of: Case;
  readonly passed: boolean;
  readonly row: readonly string[];
}

const list = (names: readonly string[]): string => [...names].sort().join(', ') || 'nothing';
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function tryOut(of: Case, kind: Kind = 'safety'): Promise<Outcome> {
  const started = Date.now();
  const outcome = await explore(of, kind).then(
    ({ states, ends, broken }) => {
      const passed = list(broken) === list(of.breaks) && ends > 0;
      const verdict = passed ? 'as expected' : `EXPECTED ${list(of.breaks)}`;
      return { passed, cells: [states.toLocaleString('en'), String(ends), list(broken), verdict] };
    },
    (error: Error) => ({ passed: false, cells: ['', '', '', `NOT CHECKED: ${error.message}`] }),
  );
  const seconds = ((Date.now() - started) / 1_000).toFixed(1);
  say(`${outcome.passed ? 'ok    ' : 'NOT OK'}  ${of.name}  ${seconds} s`);
  return { of, passed: outcome.passed, row: [of.name, ...outcome.cells, `${seconds} s`] };
}

function report(title: string, outcomes: readonly Outcome[]): void {
  const header = [title, 'states', 'ends', 'breaks', 'verdict', 'time'];
  console.log(`\n${drawTable([header, ...outcomes.map(({ row }) => row)], createColors(false))}`);
}

function save(outcomes: readonly Outcome[]): void {
  mkdirSync(path.dirname(TAP_FILE), { recursive: true });
  const lines = outcomes.map(({ of, passed }, index) => `${passed ? 'ok' : 'not ok'} ${index + 1} ${of.name}\n`);
  writeFileSync(TAP_FILE, `1..${outcomes.length}\n${lines.join('')}`);
}

async function inTurn(cases: readonly Case[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const of of cases) outcomes.push(await tryOut(of));
  return outcomes;
}

async function trace(name: string): Promise<void> {
  const of = [...MUTATIONS, ...CUTS].find((each) => each.name === name);
  const promise = of?.breaks.at(-1);
  if (of === undefined || promise === undefined) {
    const names = [...MUTATIONS, ...CUTS].filter(({ breaks }) => breaks.length > 0).map((each) => `"${each.name}"`);
    throw new Error(`--trace takes one of ${names.join(', ')}`);
  }
  await buildCheckers(['safety']);
  console.log([`${name} breaks "${promise}" by these steps:`, ...(await counterexample(of, promise))].join('\n'));
}

async function checkAll(deep: boolean): Promise<number> {
  // What an earlier run said must not count for this one.
  rmSync(TAP_FILE, { force: true });
  await buildCheckers(['safety', 'cycles']);
  const checks = [await tryOut(TERMINATION, 'cycles'), ...(await inTurn([...CHECKS, ...(deep ? DEEP_CHECKS : [])]))];
  const [mutations, cuts] = [await inTurn(MUTATIONS), await inTurn(CUTS)];
  report('product', checks);
  report('mutation', mutations);
  report('log that lost its end', cuts);
  const all = [...checks, ...mutations, ...cuts];
  save(all);
  const failed = all.filter(({ passed }) => !passed).length;
  console.log(`\n${all.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { deep: { type: 'boolean' }, trace: { type: 'string' } } });
  if (values.trace === undefined) return checkAll(values.deep === true);
  await trace(values.trace);
  return 0;
}

main().then(
  (status) => (process.exitCode = status),
  (error: Error) => {
    console.error(`test:model: ${error.message}`);
    process.exitCode = 2;
  },
);

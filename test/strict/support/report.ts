/** What a run has shown: a table, files for machines, and the table in docs/lab.md. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createColors } from 'picocolors';
import { format, resolveConfig } from 'prettier';
import { REPOSITORY } from '../../../lib/repository';
import { drawTable } from '../../../lib/cli/table';
import { STRICT_FOLDER } from './copy';
import { type Defect, readDefects } from './defects';
import { told, type Verdict } from './judge';
import { readLabResults } from './lab-results';
import { DOCS_FILE, readTable, renderTable, replaceTable, rowsOf, saidIn } from './table';

const TAP_FILE = path.join(REPOSITORY, 'build', 'test-results', 'strict.tap');

export interface Outcome {
  readonly defect: Defect;
  readonly verdict: Verdict;
  readonly seconds: number;
}

export const note = (line: string): void => void process.stderr.write(`${line}\n`);

/** What an earlier run said must not count for this one. */
export const forget = (): void => rmSync(TAP_FILE, { force: true });

/** For machines: all of it as JSON, and as TAP what .ci/run adds up. */
export function save(outcomes: readonly Outcome[]): void {
  const values = outcomes.map(({ defect, verdict, seconds }) => ({ ...defect, ...verdict, seconds }));
  writeFileSync(path.join(STRICT_FOLDER, 'results.json'), `${JSON.stringify(values, undefined, 2)}\n`);
  const tap = outcomes.map(
    ({ defect, verdict }, index) => `${verdict.caught ? 'ok' : 'not ok'} ${index + 1} ${defect.id}\n`,
  );
  mkdirSync(path.dirname(TAP_FILE), { recursive: true });
  writeFileSync(TAP_FILE, `1..${outcomes.length}\n${tap.join('')}`);
}

export function report(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map((each) => [
    each.defect.id,
    each.defect.level,
    each.verdict.caught ? 'ok' : 'FAILED',
    `${each.seconds.toFixed(1)} s`,
    told(each.verdict).split('\n')[0]!,
  ]);
  process.stdout.write(`${drawTable([['defect', 'level', 'caught', 'duration', 'said'], ...rows], createColors())}\n`);
  for (const { defect, verdict } of outcomes) if (!verdict.caught) note(`\n${defect.id}: ${verdict.problem}`);
}

export async function updateDocs(outcomes: readonly Outcome[]): Promise<void> {
  const document = readFileSync(DOCS_FILE, 'utf8');
  const rows = rowsOf(readDefects(), saidIn(outcomes, readLabResults(), readTable(document)));
  const options = await resolveConfig(DOCS_FILE);
  writeFileSync(DOCS_FILE, await format(replaceTable(document, renderTable(rows)), { ...options, parser: 'markdown' }));
}

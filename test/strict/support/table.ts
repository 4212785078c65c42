/** The table of defects in docs/lab.md. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../../../lib/repository';
import { type Defect, isLabDefect, UsageError } from './defects';
import { told } from './judge';
import type { LabResult } from './lab-results';
import type { Outcome } from './report';

export const DOCS_FILE = path.join(REPOSITORY, 'docs', 'lab.md');

export const BEGIN = '<!-- planted defects: written by `npm run test:strict -- --update-docs` -->';
export const END = '<!-- end of planted defects -->';

export interface Row {
  readonly title: string;
  readonly file: string;
  /** `bats: test/x.bats`; empty for a defect that is tried in the lab alone. */
  readonly caughtBy: string;
  readonly said: string;
  /** The lab's test, or `cdk deploy`; empty for a defect that is not tried in the lab. */
  readonly lab: string;
  readonly labSaid: string;
}

const NOTHING = '–';
const bars = (text: string): string => text.replaceAll('|', '\\|');
/** A cell of code; a bar would end the cell, and a backtick the code. */
const code = (text: string): string => (text === '' ? NOTHING : `\`${bars(text.replaceAll('`', "'"))}\``);

export function renderTable(rows: readonly Row[]): string {
  const lines = rows.map(({ title, file, caughtBy, said, lab, labSaid }) => {
    const [level = '', ...test] = caughtBy.split(': ');
    const by = caughtBy === '' ? NOTHING : `${level}: ${code(test.join(': '))}`;
    return `| ${[bars(title), code(file), by, code(said), code(lab), code(labSaid)].join(' | ')} |`;
  });
  const head = '| planted defect | in | caught by | which said | in the lab caught by | the lab said |';
  return [head, '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n');
}

/** The document with another table between its two marks. */
export function replaceTable(document: string, table: string): string {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/lab.md needs the lines "${BEGIN}" and "${END}"`);
  return `${document.slice(0, begin + BEGIN.length)}\n\n${table}\n\n${document.slice(end)}`;
}

/** The rows that stand in the document. */
export function readTable(document = readFileSync(DOCS_FILE, 'utf8')): Row[] {
  const [, between = ''] = document.split(BEGIN);
  const lines = (between.split(END)[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2).map((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [, title = '', ...others] = cells;
    const [file = '', caughtBy = '', said = '', lab = '', labSaid = ''] = others.map(uncoded);
    return { title, file, caughtBy, said, lab, labSaid };
  });
}

/** Code in a cell, behind a level where there is one. */
const uncoded = (cell: string): string => (cell === NOTHING ? '' : cell.replace(/`+ ?|`+$/g, ''));

/** One row for each defect, with what its checks said, by level. */
export function rowsOf(defects: readonly Defect[], said: (defect: Defect) => string): Row[] {
  const ids = [...new Set(defects.map(({ id }) => id))];
  return ids.map((id) => {
    const checks = defects.filter((defect) => defect.id === id);
    const [first, lab] = [checks.find((each) => !isLabDefect(each)), checks.find(isLabDefect)];
    return {
      title: checks[0]!.title,
      file: checks[0]!.file,
      caughtBy: first ? `${first.level}: ${first.test}` : '',
      said: first ? said(first) : '',
      lab: lab?.test ?? '',
      labSaid: lab ? said(lab) : '',
    };
  });
}

/**
 * What this run has said, what an earlier one of the lab has, or what the table said before.
 *
 * @throws UsageError for a defect that nothing is known about
 */
export function saidIn(
  outcomes: readonly Outcome[],
  labResults: readonly LabResult[],
  rows: readonly Row[],
): (defect: Defect) => string {
  return (defect) => {
    const now = outcomes.find((each) => each.defect.id === defect.id && each.defect.level === defect.level);
    const kept = isLabDefect(defect) ? labResults.find(({ id, caught }) => id === defect.id && caught) : undefined;
    const row = rows.find(({ title }) => title === defect.title);
    const before = isLabDefect(defect) ? row?.labSaid : row?.said;
    const said = (now && told(now.verdict)) ?? kept?.said ?? before;
    if (said) return said;
    const level = isLabDefect(defect) ? ' --level lab' : '';
    throw new UsageError(`${defect.id} has no row yet: run it with${level} --only ${defect.id} --update-docs`);
  };
}

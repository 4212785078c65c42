/** The table of defects in docs/lab.md. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../lib/constructs/bundle';
import type { Defect } from './defects';

export const DOCS_FILE = path.join(ROOT, 'docs', 'lab.md');

export const BEGIN = '<!-- planted defects: written by `npm run test:strict -- --update-docs` -->';
export const END = '<!-- end of planted defects -->';

export interface Row {
  readonly title: string;
  readonly file: string;
  readonly level: string;
  readonly test: string;
  readonly said: string;
}

/** A cell of code; a bar would end the cell, and a backtick the code. */
const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;

export function renderTable(rows: readonly Row[]): string {
  const lines = rows.map(
    ({ title, file, level, test, said }) =>
      `| ${title.replaceAll('|', '\\|')} | ${code(file)} | ${level}: ${code(test)} | ${code(said)} |`,
  );
  return ['| planted defect | in | caught by | which said |', '| --- | --- | --- | --- |', ...lines].join('\n');
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
    const [, title = '', file = '', caughtBy = '', said = ''] = cells;
    const [level = '', ...test] = caughtBy.split(': ');
    return { title, file: unquoted(file), level, test: unquoted(test.join(': ')), said: unquoted(said) };
  });
}

const unquoted = (text: string): string => text.replace(/^`+ ?|`+$/g, '');

export const rowOf = ({ title, file, level, test }: Defect, said: string): Row => ({ title, file, level, test, said });

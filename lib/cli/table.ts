import Table from 'cli-table3';
import type { Colors } from './terminal';

const NO_BORDERS = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** A table without lines, which can be read, searched and cut by other programs. The first row is the header. */
export function drawTable(rows: readonly (readonly string[])[], colors: Colors): string {
  const [header = [], ...body] = rows;
  const table = new Table({
    chars: NO_BORDERS,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  table.push(header.map((cell) => colors.bold(cell)));
  for (const row of body) table.push(row.map((cell) => paint(cell, colors)));
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

function paint(cell: string, colors: Colors): string {
  if (/^(FAILED|LOST|down|incomplete|not authorised)$/.test(cell)) return colors.red(cell);
  if (/^(ok|ready|complete)$/.test(cell)) return colors.green(cell);
  return cell;
}

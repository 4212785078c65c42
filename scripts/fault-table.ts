/**
 * The table of faults in docs/operations.md: `npm run fault-table` puts what `npm run test:lab -- --full 92-faults` has
 * seen in the place of what stands there of the same faults.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What one fault did. */
export interface FaultRow {
  /** Such as `1 manager, 2 workers, 1 broker`. */
  readonly topology: string;
  readonly fault: string;
  readonly isWellAgain: boolean;
  /** What somebody had to do; missing: all was well again by itself. */
  readonly remedy?: string;
  /** From the end of what was done until `metals status` found nothing wrong. */
  readonly wellAfterSeconds: number;
  /** The longest time in which no event was accepted. */
  readonly withoutIntakeSeconds: number;
  /** The longest time in which no event was stored. */
  readonly withoutStoringSeconds: number;
  readonly sent: number;
  readonly lost: number;
  readonly doubled: number;
  /** What `metals status` found wrong, in the order in which it did. */
  readonly said: readonly string[];
}

/** Pure: the longest time between `fromMs` and `untilMs` without one of these moments, in seconds, to a tenth. */
export function longestGapSeconds(momentsMs: readonly number[], fromMs: number, untilMs: number): number {
  const sorted = [...momentsMs].sort((a, b) => a - b);
  const before = sorted.filter((moment) => moment < fromMs).at(-1) ?? fromMs;
  const after = [before, ...sorted.filter((moment) => moment >= fromMs && moment < untilMs), untilMs];
  const gaps = after.slice(1).map((moment, index) => moment - after[index]!);
  return Math.round(Math.max(0, ...gaps) / 100) / 10;
}

const HEADER = [
  'fault',
  'recovered by itself',
  'well again after (s)',
  'without intake (s)',
  'without storing (s)',
  'lost',
  'doubled',
  'what `metals status` said meanwhile',
];
const SAID = 3;
const SAID_CHARACTERS = 140;
const LOST = 'no volume any more';

/** As many as a table holds; where somebody had to do something, the cause before what follows from it. */
function told({ said: all, remedy }: FaultRow): string {
  if (all.length === 0) return 'nothing';
  const isCause = (text: string): boolean => remedy !== undefined && text.includes(LOST);
  const said = [...all.filter(isCause), ...all.filter((text) => !isCause(text))];
  const cells = said.map((text) => text.replace(/\|/g, '/').replace(/\s+/g, ' '));
  const short = cells.map((text) => (text.length > SAID_CHARACTERS ? `${text.slice(0, SAID_CHARACTERS)}…` : text));
  return short.slice(0, SAID).join('; ') + (short.length > SAID ? `; and ${short.length - SAID} more` : '');
}

/** Pure: the cells of a row, the fault first. */
export const cells = (row: FaultRow): string[] => [
  row.fault,
  row.isWellAgain ? (row.remedy === undefined ? 'yes' : `no: ${row.remedy}`) : 'no',
  String(row.wellAfterSeconds),
  row.withoutIntakeSeconds.toFixed(1),
  row.withoutStoringSeconds.toFixed(1),
  `${row.lost} of ${row.sent}`,
  String(row.doubled),
  told(row),
];

const line = (values: readonly string[]): string => `| ${values.join(' | ')} |`;
const begin = (topology: string): string => `<!-- faults: ${topology} -->`;
const END = '<!-- end of faults -->';

/** Pure: the document with these rows; a fault that stands there already is replaced, and any other stays. */
export function withRows(document: string, rows: readonly FaultRow[]): string {
  return [...new Set(rows.map(({ topology }) => topology))].reduce((text, topology) => {
    const from = text.indexOf(begin(topology));
    const to = text.indexOf(END, from);
    if (from < 0 || to < 0) throw new Error(`the document has no ${begin(topology)} … ${END}`);
    const old = text
      .slice(from, to)
      .split('\n')
      .filter((each) => each.startsWith('|'))
      .slice(2);
    const named = (each: string): string => each.split('|')[1]!.trim();
    const lines = new Map(old.map((each) => [named(each), each]));
    for (const row of rows.filter((each) => each.topology === topology)) lines.set(row.fault, line(cells(row)));
    const table = [line(HEADER), line(HEADER.map(() => '---')), ...lines.values()];
    return `${text.slice(0, from)}${begin(topology)}\n\n${table.join('\n')}\n\n${text.slice(to)}`;
  }, document);
}

function main(): void {
  const root = path.join(__dirname, '..');
  const results = path.join(root, 'build', 'test-results', 'lab-faults.jsonl');
  if (!existsSync(results)) {
    console.error(`fault-table: nothing was seen yet: ${results} is missing`);
    console.error('next: npm run test:lab -- --full 92-faults');
    process.exit(1);
  }
  const rows = readFileSync(results, 'utf8')
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text) as FaultRow);
  const document = path.join(root, 'docs', 'operations.md');
  writeFileSync(document, withRows(readFileSync(document, 'utf8'), rows));
  console.log(`${rows.length} rows are in docs/operations.md`);
}

if (require.main === module) main();

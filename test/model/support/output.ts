/** What the compiled checker prints, read. Pure. */

export interface Found {
  readonly states: number;
  /** Runs that came to an end, each in a state of its own. */
  readonly ends: number;
  readonly broken: readonly string[];
}

const UNFINISHED = /search not completed|max search depth too small|out of memory|reached -DMEMLIM|invalid end state/i;

/** Throws unless the search was exhaustive and Spin itself found nothing: what it did not see, it did not check. */
export function readOutput(text: string): Found {
  const unfinished = text.split('\n').find((line) => UNFINISHED.test(line) && !/^\s+invalid end states/.test(line));
  if (unfinished !== undefined) throw new Error(`the search was not exhaustive: ${unfinished.trim()}`);
  const errors = numberIn(text, /errors: (\d+)/);
  if (errors !== 0) throw new Error(`the checker found ${errors} errors of its own: ${firstError(text)}`);
  const broken = [...text.matchAll(/^broken: (\w+)$/gm)].map(([, name]) => name);
  if (broken.includes('bound')) throw new Error('a partition needs more records than LOG in constants.h allows');
  return { states: numberIn(text, /(\S+) states, stored/), ends: numberIn(text, /^ends: (\d+)$/m), broken };
}

function numberIn(text: string, pattern: RegExp): number {
  const found = Number(pattern.exec(text)?.[1]);
  if (Number.isNaN(found)) throw new Error(`the checker printed no ${String(pattern)}: ${text.slice(-500)}`);
  return found;
}

const firstError = (text: string): string => /^pan:1: (.*)$/m.exec(text)?.[1] ?? 'it does not say which';

/** The steps of a counterexample: what the model prints, without Spin's own lines. */
export const readSteps = (text: string): string[] =>
  text.split('\n').filter((line) => /^(FAULT: |the |a |member |event )/.test(line));

/** Constants of constants.h that come after a comment which names them mutations: name and number. */
export function readMutations(constants: string): ReadonlyMap<string, number> {
  const [, after] = constants.split('/* Mutations:');
  if (after === undefined) throw new Error('constants.h has no comment "Mutations:"');
  const found = [...after.matchAll(/^#define (\w+) (\d+)$/gm)];
  return new Map(found.map(([, name, number]) => [name.toLowerCase().replaceAll('_', '-'), Number(number)]));
}

/** The names in the first column of the table that follows a marker. */
export function readTable(markdown: string, marker: string): string[] {
  const start = markdown.indexOf(marker);
  if (start < 0) throw new Error(`docs/delivery.md lacks ${marker}`);
  const rows: string[] = [];
  for (const line of markdown
    .slice(start + marker.length)
    .trimStart()
    .split('\n')) {
    if (!line.startsWith('|')) break;
    rows.push(line);
  }
  return rows.slice(2);
}

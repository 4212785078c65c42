/** The planted defects: read from defects.yml, checked, chosen, and put into a file's text. Pure, but for reading. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

export const DEFECTS_FILE = path.join(__dirname, '..', 'defects.yml');

/** Which layer of tests catches a defect: of synthesised templates, of programs, or of scripts. None needs Docker. */
export const LEVELS = ['synth', 'unit', 'bats'] as const;

const oneLine = z.string().refine((text) => !text.includes('\n') && text === text.trim(), 'must be one trimmed line');

const defectSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** What is wrong, for the table. */
  title: oneLine.min(1),
  /** From the root. */
  file: z.string().min(1),
  /** The line of the product, without its indentation; it stands once in the file. */
  line: oneLine.min(1),
  /** What stands there instead; empty: the line is taken away. */
  becomes: oneLine,
  level: z.enum(LEVELS),
  /** File of the test that catches it, from the root: *.bats or *.test.ts. */
  test: z.string().regex(/\.(bats|test\.ts)$/),
  /** Part of the full name of the test that must fail. */
  name: z.string().min(1),
  /** Regular expression that the failure's text must contain: the reason, not just that something failed. */
  says: z.string().min(1),
});
export type Defect = z.infer<typeof defectSchema>;

/** An argument that names nothing known; the runner answers with exit code 2. */
export class UsageError extends Error {}

export function parseDefects(yaml: string): Defect[] {
  const defects = z.array(defectSchema).min(1).parse(parse(yaml));
  const ids = defects.map(({ id }) => id);
  const repeated = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (repeated.length > 0) throw new Error(`the id of a defect stands once: ${repeated.join(', ')}`);
  for (const { id, line, becomes, says } of defects) {
    if (line === becomes) throw new Error(`${id}: the replacement changes nothing`);
    if (new RegExp(says).test('')) throw new Error(`${id}: says matches every text`);
  }
  return defects;
}

export const readDefects = (): Defect[] => parseDefects(readFileSync(DEFECTS_FILE, 'utf8'));

/**
 * The defects of some levels, or those that are named.
 *
 * @throws UsageError for an unknown level or id, with the known ones
 */
export function selectDefects(
  defects: readonly Defect[],
  { levels, only }: { readonly levels?: readonly string[]; readonly only?: readonly string[] },
): Defect[] {
  refuseUnknown('level', levels ?? [], LEVELS);
  refuseUnknown(
    'defect',
    only ?? [],
    defects.map(({ id }) => id),
  );
  const wanted: readonly string[] = levels ?? LEVELS;
  const chosen = defects.filter(({ id, level }) => wanted.includes(level) && (!only || only.includes(id)));
  if (chosen.length === 0) throw new UsageError(`there is no defect of ${wanted.join(', ')} to plant`);
  return chosen;
}

function refuseUnknown(kind: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new UsageError(`unknown ${kind}: ${unknown.join(', ')}; known: ${known.join(', ')}`);
}

/** How often the defect's line stands in a text; the defect is stale unless that is once. */
export const occurrences = (text: string, { line }: Defect): number =>
  text.split('\n').filter((each) => each.trim() === line).length;

/** The text with the defect, indented as the line was. */
export function plant(text: string, defect: Defect): string {
  const count = occurrences(text, defect);
  if (count !== 1) throw new Error(stale(defect, count));
  return text
    .split('\n')
    .flatMap((each) => {
      if (each.trim() !== defect.line) return [each];
      return defect.becomes === '' ? [] : [each.replace(defect.line, () => defect.becomes)];
    })
    .join('\n');
}

export const stale = ({ id, file, line }: Defect, count: number): string =>
  `${id} is stale: the line stands ${count} times in ${file}, expected once: ${line}`;

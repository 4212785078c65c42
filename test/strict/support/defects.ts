/** The planted defects: read from defects.yml, checked, chosen, and put into a file's text. Pure, but for reading. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type StackId, STACKS } from '../../../lib/contract';

export const DEFECTS_FILE = path.join(__dirname, '..', 'defects.yml');

/**
 * What catches a defect: tests of synthesised templates, of programs, or of scripts, none of which needs Docker; or the
 * lab that is up, which only `--level lab` asks.
 */
export const LEVELS = ['synth', 'unit', 'bats', 'lab'] as const;
export const DEFAULT_LEVELS = ['synth', 'unit', 'bats'] as const;
/** The check of a defect that the deployment of its stacks must already fail on. */
export const CDK_DEPLOY = 'cdk deploy';

const oneLine = z.string().refine((text) => !text.includes('\n') && text === text.trim(), 'must be one trimmed line');

const plantedSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  /** What is wrong, for the table. */
  title: oneLine.min(1),
  /** From the root. */
  file: z.string().min(1),
  /** The line of the product, without its indentation; it stands once in the file. */
  line: oneLine.min(1),
  /** What stands there instead; empty: the line is taken away. */
  becomes: oneLine,
});

const checkSchema = z.strictObject({
  /** File of the test that catches it, from the root: *.bats or *.test.ts. */
  test: z.string().regex(/\.(bats|test\.ts)$/),
  /** Part of the full name of the test that must fail. */
  name: z.string().min(1),
  /** Regular expression that the failure's text must contain: the reason, not just that something failed. */
  says: z.string().min(1),
});

const labCheckSchema = checkSchema.extend({
  /** A test of the lab, or the deployment itself. */
  test: z.union([z.literal(CDK_DEPLOY), z.string().regex(/^test\/lab\/.+\.test\.ts$/)]),
  /** Stacks to deploy with the defect before the test. */
  deploy: z.array(z.enum(STACKS)).default([]),
  /** Stacks that the test deploys itself. */
  redeploy: z.array(z.enum(STACKS)).default([]),
});

const entrySchema = z.union([
  plantedSchema
    .extend(checkSchema.shape)
    .extend({ level: z.enum(DEFAULT_LEVELS), lab: labCheckSchema.optional() })
    .strict(),
  plantedSchema
    .extend(labCheckSchema.shape)
    .extend({ level: z.literal('lab') })
    .strict(),
]);

type Planted = z.infer<typeof plantedSchema>;
type Check = z.infer<typeof checkSchema>;
/** A defect with one of the checks that catch it. */
export interface Defect extends Planted, Check {
  readonly level: (typeof LEVELS)[number];
}
export interface LabDefect extends Defect {
  readonly level: 'lab';
  readonly deploy: readonly StackId[];
  readonly redeploy: readonly StackId[];
}
export const isLabDefect = (defect: Defect): defect is LabDefect => defect.level === 'lab';

/** An argument that names nothing known; the runner answers with exit code 2. */
export class UsageError extends Error {}

/** Each defect once for each level that catches it; those of the lab stand at the end. */
export function parseDefects(yaml: string): Defect[] {
  const entries = z.array(entrySchema).min(1).parse(parse(yaml));
  const ids = entries.map(({ id }) => id);
  const repeated = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (repeated.length > 0) throw new Error(`the id of a defect stands once: ${repeated.join(', ')}`);
  const defects = [...entries.flatMap(ofDefaultLevels), ...entries.flatMap(ofTheLab)];
  for (const { id, line, becomes, says } of defects) {
    if (line === becomes) throw new Error(`${id}: the replacement changes nothing`);
    if (new RegExp(says).test('')) throw new Error(`${id}: says matches every text`);
  }
  return defects;
}

type Entry = z.infer<typeof entrySchema>;

function ofDefaultLevels(entry: Entry): Defect[] {
  if (entry.level === 'lab') return [];
  const defect = { ...entry };
  delete defect.lab;
  return [defect];
}

function ofTheLab(entry: Entry): LabDefect[] {
  if (entry.level === 'lab') return [entry];
  const { lab, id, title, file, line, becomes } = entry;
  return lab ? [{ id, title, file, line, becomes, level: 'lab', ...lab }] : [];
}

export const readDefects = (): Defect[] => parseDefects(readFileSync(DEFECTS_FILE, 'utf8'));

/**
 * The defects of some levels, or those that are named; the lab's only where that level is asked for.
 *
 * @throws UsageError for an unknown level or id, with the known ones, and for the lab beside another level
 */
export function selectDefects(
  defects: readonly Defect[],
  { levels, only }: { readonly levels?: readonly string[]; readonly only?: readonly string[] },
): Defect[] {
  refuseUnknown('level', levels ?? [], LEVELS);
  refuseUnknown('defect', only ?? [], [...new Set(defects.map(({ id }) => id))]);
  const wanted: readonly string[] = levels ?? DEFAULT_LEVELS;
  if (wanted.includes('lab') && wanted.length > 1)
    throw new UsageError('defects of the lab are planted one after the other, by themselves: --level lab');
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

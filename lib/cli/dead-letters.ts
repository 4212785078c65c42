/** The answer of the document dead-letters: JSON lines, of which the last is `end` or `error`. */
import { z } from 'zod';
import { notAgreedOn } from './document-answer';
import { CliError } from './errors';

const offset = z.number().int();
const letterSchema = z.object({
  offset,
  time: z.string(),
  reason: z.string(),
  event_id: z.string().nullable(),
  metal: z.string().nullable(),
  source_topic: z.string().nullable(),
  source_partition: offset.nullable(),
  source_offset: offset.nullable(),
  detail: z.string(),
});
const bytesSchema = z.object({
  encoding: z.enum(['utf-8', 'base64']),
  data: z.string(),
  bytes: z.number(),
  cut: z.boolean(),
});
const shownSchema = letterSchema.extend({
  source_key: bytesSchema.nullable(),
  failed_at: z.string().nullable(),
  processor_version: z.string().nullable(),
  value: bytesSchema.nullable(),
});
const counts = z.record(z.string(), z.number());
const endSchema = z.object({
  /** The oldest offset that is there, and the one that the next letter will get. */
  low: offset,
  high: offset,
  from: offset.optional(),
  to: offset.optional(),
  total: z.number().default(0),
  by_reason: counts.default({}),
  before: offset.nullable().default(null),
  next: offset.nullable().default(null),
  skipped: z.number().default(0),
});
const errorSchema = z.object({ why: z.string(), next: z.string(), usage: z.boolean() });
const lineSchema = z.object({
  letter: z.union([shownSchema, letterSchema]).optional(),
  /** Offset of the letter, partition and offset of the record that was sent. */
  sent: z.tuple([offset, offset, offset]).optional(),
  skipped: z.tuple([offset, z.string()]).optional(),
  /** Chosen, and then not taken by the topic. */
  refused: z.tuple([offset, z.string()]).optional(),
  error: errorSchema.optional(),
  end: endSchema.optional(),
});

export type ListedLetter = z.infer<typeof letterSchema>;
export type ShownLetter = z.infer<typeof shownSchema>;
export type ShownBytes = z.infer<typeof bytesSchema>;
export type ReasonCounts = z.infer<typeof counts>;

export interface DeadLettersAnswer {
  readonly letters: readonly (ListedLetter | ShownLetter)[];
  readonly sent: readonly (readonly [offset: number, partition: number, newOffset: number])[];
  readonly skipped: readonly (readonly [offset: number, why: string])[];
  readonly refused: readonly (readonly [offset: number, why: string])[];
  /** Exactly one of the two is there. */
  readonly error?: z.infer<typeof errorSchema>;
  readonly end?: z.infer<typeof endSchema>;
}

/** @throws CliError when a line is none of these, or the last one is missing: then something was cut off */
export function parseDeadLetters(stdout: string, what: string): DeadLettersAnswer {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  const parsed = lines.map((line) => parseLine(line, what));
  const last = parsed.at(-1);
  if (!last?.end && !last?.error) {
    throw new CliError(
      what,
      `the document dead-letters answered ${lines.length} lines without its last one`,
      ['ask for fewer, e.g. with --limit 5 or --since 1h'],
      'other-version',
    );
  }
  return {
    letters: parsed.flatMap(({ letter }) => letter ?? []),
    sent: parsed.flatMap(({ sent }) => (sent ? [sent] : [])),
    skipped: parsed.flatMap(({ skipped }) => (skipped ? [skipped] : [])),
    refused: parsed.flatMap(({ refused }) => (refused ? [refused] : [])),
    error: last.error,
    end: last.end,
  };
}

function parseLine(line: string, what: string): z.infer<typeof lineSchema> {
  try {
    return lineSchema.parse(JSON.parse(line));
  } catch (error) {
    throw notAgreedOn(what, 'dead-letters', line, error);
  }
}

/** The answer of the document events-rewind: the one line of the tools. */
import { z } from 'zod';
import { notAgreedOn } from './document-answer';

const offset = z.string().regex(/^-?\d+$/);
const schema = z.object({
  rewound: z.boolean(),
  /** How many records are read again. */
  records: z.number().int(),
  /** Partition, the offset that the group would read next, and the one that it goes back to; at most 100 of them. */
  partitions: z.array(z.tuple([z.number().int(), offset, offset])),
  /** The processors stand still for a rewind that was cut off. */
  standstill: z.boolean(),
});
export type RewindAnswer = z.infer<typeof schema>;

/** @throws CliError when the text has no such line */
export function parseRewind(stdout: string, what: string): RewindAnswer {
  const line = stdout.split('\n').findLast((text) => text.startsWith('{')) ?? '';
  try {
    return schema.parse(JSON.parse(line));
  } catch (error) {
    throw notAgreedOn(what, 'events-rewind', line, error);
  }
}

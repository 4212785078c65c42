/** The answer of the document events-rewind: the one line of the tools. */
import { z } from 'zod';

const offset = z.string().regex(/^-?\d+$/);
export const rewindAnswer = z.object({
  rewound: z.boolean(),
  /** How many records are read again. */
  records: z.number().int(),
  /** Partition, the offset that the group would read next, and the one that it goes back to; at most 100 of them. */
  partitions: z.array(z.tuple([z.number().int(), offset, offset])),
  /** The processors stand still for a rewind that was cut off. */
  standstill: z.boolean(),
});
export type RewindAnswer = z.infer<typeof rewindAnswer>;

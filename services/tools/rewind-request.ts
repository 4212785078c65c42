import { z } from 'zod';

/** What the document events-rewind asks for, as one JSON argument. */
export const rewindRequestSchema = z.strictObject({
  /** From the first record that the broker has stamped at this moment or later; without it from the oldest that is there. */
  since: z.iso.datetime().optional(),
  /** Nothing is set back unless the caller says so. */
  dry_run: z.boolean().default(true),
});
export type RewindRequest = z.infer<typeof rewindRequestSchema>;

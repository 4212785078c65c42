import { z } from 'zod';

/** What is to be copied, as one JSON argument; `{}` is everything. */
export const copyRequestSchema = z.strictObject({
  /** Goes on behind this _id, the `after` of the answer before. */
  after: z.string().min(1).nullish(),
  /** Only what was stored at this moment or later, by the processor's clock. */
  since: z.iso.datetime({ offset: true }).nullish(),
});
export type CopyRequest = z.infer<typeof copyRequestSchema>;

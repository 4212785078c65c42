import { z } from 'zod';
import { FinalError } from './final-error';

/** What is to be copied, as one JSON argument; `{}` is everything. */
export const copyRequestSchema = z.strictObject({
  /** Goes on behind this _id, the `after` of the answer before. */
  after: z.string().min(1).nullish(),
  /** Only what was stored at this moment or later, by the processor's clock. */
  since: z.iso.datetime({ offset: true }).nullish(),
});
export type CopyRequest = z.infer<typeof copyRequestSchema>;

/** @throws FinalError with every problem of the request */
export function parseCopyRequest(text: string | undefined): CopyRequest {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    throw new FinalError(`the request is not JSON: ${JSON.stringify((text ?? '').slice(0, 100))}`);
  }
  const { data, error } = copyRequestSchema.safeParse(value);
  if (data !== undefined) return data;
  const problems = error?.issues.map(({ path, message }) => `${path.join('.') || 'request'}: ${message}`) ?? [];
  throw new FinalError(problems.join('; '));
}

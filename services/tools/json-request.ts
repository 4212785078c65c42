/** What a document asks of the tools, as one JSON argument. */
import type { z } from 'zod';
import { FinalError } from './final-error';

/** @throws FinalError with every problem of the request */
export function parseRequest<T>(schema: z.ZodType<T>, text: string | undefined): T {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    throw new FinalError(`the request is not JSON: ${JSON.stringify((text ?? '').slice(0, 100))}`);
  }
  const { data, error, success } = schema.safeParse(value);
  if (success) return data;
  throw new FinalError(
    error.issues.map(({ path, message }) => `${path.join('.') || 'request'}: ${message}`).join('; '),
  );
}

import { z } from 'zod';
import { errorText } from '../common/log';
import { parseRequest } from './json-request';

/** More than this in one call is paged by the caller: a call's output is bounded. */
const MAX_OFFSETS = 100;
const offset = z.int().min(0);

/** What the document dead-letters asks for, as one JSON argument. */
export const dlqRequestSchema = z.strictObject({
  action: z.enum(['list', 'show', 'replay']),
  offsets: z.array(offset).min(1).max(MAX_OFFSETS).optional(),
  reason: z.string().min(1).max(64).optional(),
  since_seconds: z.int().min(1).optional(),
  /** Letters from this offset on, … */
  from: offset.optional(),
  /** … and below this one. */
  before: offset.optional(),
  limit: z.int().min(1).max(1_000).default(20),
  /** Nothing is sent unless the caller says so. */
  dry_run: z.boolean().default(true),
});
export type DlqRequest = z.infer<typeof dlqRequestSchema>;

/** Something to tell the caller: why it is not done, and what to do next. */
export class DlqError extends Error {
  constructor(
    why: string,
    readonly next: string,
    /** True when what was asked for is wrong, not what was found. */
    readonly usage = false,
    options?: ErrorOptions,
  ) {
    super(why, options);
    this.name = 'DlqError';
  }
}

/** @throws DlqError with every problem of the request */
export function parseDlqRequest(text: string | undefined): DlqRequest {
  const wrong = (why: string): DlqError => new DlqError(why, './bin/metals dlq --help', true);
  let request: DlqRequest;
  try {
    request = parseRequest(dlqRequestSchema, text);
  } catch (error) {
    throw wrong(errorText(error));
  }
  if (request.action === 'show' && request.offsets?.length !== 1) throw wrong('show needs exactly one offset');
  return request;
}

/** Offsets of the topic: `low` is the oldest that is there, `high` the one that the next letter will get. */
export interface OffsetRange {
  readonly low: number;
  readonly high: number;
}

/** @throws DlqError unless every offset is on the topic now */
export function assertPresent(offsets: readonly number[], { low, high }: OffsetRange): void {
  const past = offsets.find((each) => each >= high);
  if (past !== undefined) {
    const newest = high > low ? `the newest is ${high - 1}` : 'there are none';
    throw new DlqError(`offset ${past} is past the end of the dead letters: ${newest}`, LIST, true);
  }
  const gone = offsets.find((each) => each < low);
  if (gone !== undefined) {
    const oldest = high > low ? `the oldest that is there is ${low}` : 'none is there now';
    throw new DlqError(`the dead letter at offset ${gone} is gone, its retention is over: ${oldest}`, LIST);
  }
}

const LIST = './bin/metals dlq list';

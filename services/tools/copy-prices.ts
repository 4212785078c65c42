/** Copies prices from one MongoDB to another, in the order of their ids, for as long as it may. */
import { ObjectId, type Document, type Filter } from 'mongodb';
import { addAbsent, replaceChanged, type BatchResult } from './copy-batch';
import type { CopyRequest } from './copy-request';
import { sideError, type OpenSide } from './copy-side';
import { exactDocument } from './exact-document';
import { FinalError } from './final-error';

export const COPY_MS = 240_000;
const BATCH_DOCUMENTS = 1_000;
/** Somebody may have added large documents by hand, and there is little memory. */
const BATCH_BYTES = 4 * 2 ** 20;

export interface Copied {
  readonly done: boolean;
  /** The last _id that was looked at, from which another request goes on. */
  readonly after: string | null;
  readonly looked: number;
  readonly copied: number;
  readonly present: number;
  /** Of those that were there, how many were another at the source; looked at with `since` alone. */
  readonly replaced: number;
}

/**
 * Ends by itself when its time is over, after the batch that it is at.
 *
 * @throws FinalError with the side that failed
 */
export async function copyPrices(
  source: OpenSide,
  target: OpenSide,
  request: CopyRequest,
  deadlineMs = COPY_MS,
): Promise<Copied> {
  const signal = AbortSignal.timeout(deadlineMs);
  let sum = { after: request.after ?? null, looked: 0, copied: 0, present: 0, replaced: 0 };
  for (const filter of filtersOf(request)) {
    for await (const batch of batches(source, filter, signal)) {
      const documents = batch.map(exactDocument);
      const { copied, present, replaced } = await add(target, documents, Boolean(request.since));
      const last: unknown = documents.at(-1)?._id;
      sum = {
        after: typeof last === 'string' ? last : sum.after,
        looked: sum.looked + documents.length,
        copied: sum.copied + copied,
        present: sum.present + present,
        replaced: sum.replaced + replaced,
      };
      if (signal.aborted) break;
    }
    // The driver closes the cursor then, which looks like its end.
    if (signal.aborted) return unfinished(source, sum, deadlineMs);
  }
  return { done: true, ...sum };
}

/** The same request would end the same way if nothing came. */
function unfinished({ name, place }: OpenSide, sum: Omit<Copied, 'done'>, deadlineMs: number): Copied {
  if (sum.looked > 0) return { done: false, ...sum };
  throw new FinalError(
    `the ${name} ${place} has told nothing for ${deadlineMs / 1_000} s: see what keeps it busy, then copy again`,
  );
}

/**
 * Prices have strings as ids, and one comparison sees one type alone. What a person has added in a shell has an ObjectId:
 * it comes last, and all of it again when this is resumed.
 */
function filtersOf({ after, since }: CopyRequest): Filter<Document>[] {
  const stored = since ? { ingested_at: { $gte: new Date(since) } } : {};
  const prices = after ? { $gt: after } : { $gte: '' };
  return [prices, { $gte: new ObjectId('0'.repeat(24)) }].map((_id) => ({ _id, ...stored }) as Filter<Document>);
}

/** One cursor: the stand-in sorts all of them for each that is opened. */
async function* batches(
  source: OpenSide,
  filter: Filter<Document>,
  signal: AbortSignal,
): AsyncGenerator<readonly Uint8Array[]> {
  const options = { raw: true, sort: { _id: 1 as const }, batchSize: BATCH_DOCUMENTS, signal };
  let batch: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const document of source.collection.find(filter, options)) {
      const raw = document as unknown as Uint8Array;
      batch.push(raw);
      bytes += raw.length;
      if (batch.length < BATCH_DOCUMENTS && bytes < BATCH_BYTES) continue;
      yield batch;
      [batch, bytes] = [[], 0];
    }
  } catch (error) {
    if (!signal.aborted) throw sideError(source, error);
  }
  if (batch.length > 0) yield batch;
}

async function add(
  target: OpenSide,
  documents: readonly Document[],
  replace: boolean,
): Promise<BatchResult & Pick<Copied, 'replaced'>> {
  try {
    const replaced = replace ? await replaceChanged(target.collection, documents) : 0;
    return { ...(await addAbsent(target.collection, documents)), replaced };
  } catch (error) {
    throw sideError(target, error);
  }
}

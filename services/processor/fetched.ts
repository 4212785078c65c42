import type { Batch } from 'kafkajs';
import type { FetchedMessage } from '../common/record-batches';
import { nextOffset } from './group-offsets';
import type { RecordBatch } from './pipeline';
import type { SourceRecord } from './record';

/**
 * A fetch may bring thousands of records, and its offset is committed once all of them are safe: in parts, a slow store
 * and one crash after another still leave progress behind.
 */
export const MAX_PART_RECORDS = 1_000;

/** kafkajs hands on what its Fetch was given: see kafka-fetch-guard.ts. */
export const asFetched = (batch: Batch): readonly FetchedMessage[] => batch.messages as unknown as FetchedMessage[];

/**
 * What one fetch brought of one partition, in parts to be committed one by one. Keys and values are slices of the broker's
 * whole answer: those of a part are copied together, or one record that waits would keep all of it in memory.
 */
export function fromFetch(batch: Batch): Omit<RecordBatch, 'generation'>[] {
  const { topic, partition } = batch;
  const messages = asFetched(batch);
  const parts: Omit<RecordBatch, 'generation'>[] = [];
  for (let start = 0; start < messages.length; start += MAX_PART_RECORDS) {
    const some = messages.slice(start, start + MAX_PART_RECORDS);
    const bytes = some.reduce((sum, { key, value }) => sum + (key?.length ?? 0) + (value?.length ?? 0), 0);
    const copy = copyInto(Buffer.allocUnsafeSlow(bytes));
    const records = some.map(({ key, value, offset, timestamp, unreadable }): SourceRecord => {
      const own = { topic, partition, offset, appendedMs: Number(timestamp), key: copy(key), value: copy(value) };
      return unreadable === undefined ? own : { ...own, ...explain(offset, unreadable) };
    });
    const isLast = start + MAX_PART_RECORDS >= messages.length;
    // The batch may end with what is no record, as the mark of a transaction.
    const lastOffset = isLast ? batch.lastOffset() : some[some.length - 1].offset;
    parts.push({ partition, records, bytes, nextOffset: nextOffset(lastOffset) });
  }
  return parts;
}

/** Copies one after the other into a buffer that has room for all of them. */
function copyInto(all: Buffer): (bytes: Buffer | null) => Buffer | null {
  let end = 0;
  return (bytes) => {
    if (bytes === null) return null;
    const start = end;
    end += bytes.copy(all, start);
    return all.subarray(start, end);
  };
}

function explain(last: string, { firstOffset, reason }: NonNullable<FetchedMessage['unreadable']>) {
  const what =
    firstOffset === last ? `the record at offset ${last}` : `the records at offsets ${firstOffset} to ${last}`;
  return { offset: firstOffset, unreadable: `${what} cannot be read: the batch ${reason}` };
}

import type { Batch } from 'kafkajs';
import { nextOffset } from './group-offsets';
import type { RecordBatch } from './pipeline';
import type { SourceRecord } from './record';

/**
 * A fetch may bring thousands of records, and its offset is committed once all of them are safe: in parts, a slow store
 * and one crash after another still leave progress behind.
 */
const MAX_RECORDS = 1_000;

type Bytes = Buffer | null;
const same = (bytes: Bytes): Bytes => bytes;
const copy = (bytes: Bytes): Bytes => bytes && Buffer.from(bytes);

/**
 * What one fetch brought of one partition, in parts to be committed one by one. kafkajs hands out slices of the broker's
 * whole answer, so records that wait keep all of it in memory, with what it holds of other partitions, unless they are
 * copied.
 */
export function fromFetch(batch: Batch, copied: boolean): Omit<RecordBatch, 'generation'>[] {
  const { topic, partition, messages } = batch;
  const own = copied ? copy : same;
  const parts: Omit<RecordBatch, 'generation'>[] = [];
  for (let start = 0; start < messages.length; start += MAX_RECORDS) {
    let bytes = 0;
    const records = messages
      .slice(start, start + MAX_RECORDS)
      .map(({ key, value, offset, timestamp }): SourceRecord => {
        bytes += (key?.length ?? 0) + (value?.length ?? 0);
        return { topic, partition, offset, appendedMs: Number(timestamp), key: own(key), value: own(value) };
      });
    const isLast = start + MAX_RECORDS >= messages.length;
    // The batch may end with what is no record, as the mark of a transaction.
    const lastOffset = isLast ? batch.lastOffset() : records[records.length - 1].offset;
    parts.push({ partition, records, bytes, nextOffset: nextOffset(lastOffset) });
  }
  return parts;
}

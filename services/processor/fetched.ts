import type { Batch } from 'kafkajs';
import { nextOffset } from './group-offsets';
import type { RecordBatch } from './pipeline';
import type { SourceRecord } from './record';

type Bytes = Buffer | null;
const same = (bytes: Bytes): Bytes => bytes;
const copy = (bytes: Bytes): Bytes => bytes && Buffer.from(bytes);

/**
 * What one fetch brought of one partition. kafkajs hands out slices of the broker's whole answer, so records that wait
 * keep all of it in memory, with what it holds of other partitions, unless they are copied.
 */
export function fromFetch(batch: Batch, copied: boolean): Omit<RecordBatch, 'generation'> {
  const { topic, partition, messages } = batch;
  const own = copied ? copy : same;
  let bytes = 0;
  const records = messages.map(({ key, value, offset }): SourceRecord => {
    bytes += (key?.length ?? 0) + (value?.length ?? 0);
    return { topic, partition, offset, key: own(key), value: own(value) };
  });
  return { partition, records, bytes, nextOffset: nextOffset(batch.lastOffset()) };
}

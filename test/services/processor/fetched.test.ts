import type { Batch as KafkaBatch } from 'kafkajs';
import Batch from 'kafkajs/src/consumer/batch';
import { fromFetch } from '../../../services/processor/fetched';

/** kafkajs's own batch, as it decodes it: keys and values are slices of one buffer, the broker's answer. */
function batch(): KafkaBatch {
  const answer = Buffer.from(`key-value-${'of other partitions'.repeat(1_000)}`);
  const messages = [
    { offset: '7', timestamp: '5000', key: answer.subarray(0, 3), value: answer.subarray(4, 9) },
    { offset: '8', timestamp: '5001', key: null, value: null },
    // The mark of a transaction takes an offset and is no record.
    { offset: '9', key: null, value: null, isControlRecord: true },
  ];
  return new Batch('t', '0', { partition: 3, highWatermark: '10', messages });
}

describe('fromFetch', () => {
  test.each([true, false])('has the records, their size and the offset to read next (copied: %s)', (copied) => {
    expect(fromFetch(batch(), copied)).toEqual([
      {
        partition: 3,
        bytes: 8,
        nextOffset: '10',
        records: [
          {
            topic: 't',
            partition: 3,
            offset: '7',
            appendedMs: 5_000,
            key: Buffer.from('key'),
            value: Buffer.from('value'),
          },
          { topic: 't', partition: 3, offset: '8', appendedMs: 5_001, key: null, value: null },
        ],
      },
    ]);
  });

  test('a large fetch comes in parts, in order and without a gap, each with the offset to commit after it', () => {
    // Compaction leaves holes between offsets.
    const offsets = Array.from({ length: 2_500 }, (_, n) => String(n * 2));
    const messages = offsets.map((offset) => ({ offset, key: null, value: Buffer.from('v') }));
    const parts = fromFetch(new Batch('t', '0', { partition: 3, highWatermark: '5000', messages }), false);
    expect(parts.map(({ records, bytes }) => [records.length, bytes])).toEqual([
      [1_000, 1_000],
      [1_000, 1_000],
      [500, 500],
    ]);
    expect(parts.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual(offsets);
    expect(parts.map(({ nextOffset }) => nextOffset)).toEqual(['1999', '3999', '4999']);
  });

  test('copied records do not keep the whole answer in memory', () => {
    const bytesKept = (copied: boolean): number => fromFetch(batch(), copied)[0].records[0].value!.buffer.byteLength;
    expect(bytesKept(false)).toBeGreaterThan(10_000);
    expect(bytesKept(true)).toBeLessThanOrEqual(Buffer.poolSize);
  });
});

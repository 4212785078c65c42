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
  test('has the records, their size and the offset to read next', () => {
    expect(fromFetch(batch())).toEqual([
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
    const parts = fromFetch(new Batch('t', '0', { partition: 3, highWatermark: '5000', messages }));
    expect(parts.map(({ records, bytes }) => [records.length, bytes])).toEqual([
      [1_000, 1_000],
      [1_000, 1_000],
      [500, 500],
    ]);
    expect(parts.flatMap(({ records }) => records.map(({ offset }) => offset))).toEqual(offsets);
    expect(parts.map(({ nextOffset }) => nextOffset)).toEqual(['1999', '3999', '4999']);
  });

  test('records do not keep the whole answer in memory, only what their own part has', () => {
    const [{ records, bytes }] = fromFetch(batch());
    expect(records[0].key!.buffer.byteLength).toBe(bytes);
    expect(records[0].value!.buffer).toBe(records[0].key!.buffer);
  });

  test('a batch that cannot be read is one record at its first offset, and what is read next lies behind its last', () => {
    const unreadable = { firstOffset: '7', reason: 'is not valid gzip' };
    const messages = [
      { offset: '6', key: null, value: Buffer.from('v') },
      { offset: '9', timestamp: '1700000000000', key: null, value: null, unreadable },
    ];
    const [part] = fromFetch(new Batch('t', '6', { partition: 3, highWatermark: '10', messages }));
    expect(part.nextOffset).toBe('10');
    expect(part.records[1]).toEqual({
      topic: 't',
      partition: 3,
      offset: '7',
      appendedMs: 1_700_000_000_000,
      key: null,
      value: null,
      unreadable: 'the records at offsets 7 to 9 cannot be read: the batch is not valid gzip',
    });
  });
});

import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import Decoder from 'kafkajs/src/protocol/decoder';
import decodeMessages from 'kafkajs/src/protocol/requests/fetch/v4/decodeMessages';
import { decodeRecordBatches, type DecodeLimits } from '../../../services/common/record-batches';
import { encodeBatch, type TestRecord } from '../kafka-answers';

// Generated cases on a machine that is busy.
jest.setTimeout(60_000);

const limits = (change: Partial<DecodeLimits> = {}): DecodeLimits => ({
  fetchOffset: '0',
  take: () => true,
  maxUnpackedBytes: 1_048_576,
  ...change,
});

/** As kafkajs itself reads them, which throws where an answer is cut off within the first 17 bytes. */
async function decodedByKafkajs(bytes: Buffer) {
  if (bytes.length < 17) return [];
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  return decodeMessages(new Decoder(Buffer.concat([length, bytes])));
}

const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const record: fc.Arbitrary<TestRecord> = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(fc.string({ minLength: 1, maxLength: 8 }), fc.string({ maxLength: 20 }), { maxKeys: 4 }),
  timestampDelta: fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.integer({ min: -(2 ** 40), max: 2 ** 40 })),
});
const log = fc.record({
  batches: fc.array(fc.record({ records: fc.array(record, { minLength: 1, maxLength: 9 }), gzip: fc.boolean() }), {
    maxLength: 5,
  }),
  first: fc.constantFrom(0n, 7n, 2n ** 53n - 5n, 2n ** 60n),
  cut: fc.nat(80),
});

/** All batches one after the other, as they lie on a partition. */
async function encodeLog({ batches, first }: { batches: { records: TestRecord[]; gzip: boolean }[]; first: bigint }) {
  const encoded: Buffer[] = [];
  let firstOffset = first;
  for (const { records, gzip } of batches) {
    encoded.push(await encodeBatch(records, { firstOffset, compression: gzip ? 1 : 0 }));
    firstOffset += BigInt(records.length);
  }
  return { bytes: Buffer.concat(encoded), end: firstOffset };
}

describe('decodeRecordBatches', () => {
  test('reads whatever kafkajs can encode as kafkajs reads it, but for the headers, also where the answer is cut off', async () => {
    await fc.assert(
      fc.asyncProperty(log, async ({ batches, first, cut }) => {
        const whole = (await encodeLog({ batches, first })).bytes;
        const answer = whole.subarray(0, Math.max(0, whole.length - cut));
        const expected = await decodedByKafkajs(answer);
        const messages = decodeRecordBatches(answer, limits());
        expect(messages).toHaveLength(expected.length);
        messages.forEach(({ offset, timestamp, key, value, attributes }, index) => {
          const { offset: o, timestamp: t, key: k, value: v, attributes: a } = expected[index];
          expect({ offset, timestamp, key, value, attributes }).toEqual({
            offset: o,
            timestamp: t,
            key: k,
            value: v,
            attributes: a,
          });
        });
      }),
      { numRuns: 150 },
    );
  });

  test('fetched again from where it stopped, it has every record once and in order, however little is taken at a time', async () => {
    await fc.assert(
      fc.asyncProperty(log, fc.integer({ min: 0, max: 5 }), async ({ batches, first }, most) => {
        const { bytes: answer, end } = await encodeLog({ batches, first });
        const seen: string[] = [];
        let next = first;
        while (next < end) {
          let taken = 0;
          const some = decodeRecordBatches(
            answer,
            limits({ fetchOffset: String(next), take: () => (taken += 1) <= most }),
          );
          expect(some.length).toBeGreaterThanOrEqual(1);
          expect(some.length).toBeLessThanOrEqual(Math.max(1, most));
          seen.push(...some.map(({ offset }) => offset));
          next = BigInt(seen[seen.length - 1]) + 1n;
        }
        expect(seen).toEqual(Array.from({ length: Number(end - first) }, (_, n) => String(first + BigInt(n))));
      }),
      { numRuns: 100 },
    );
  });

  test('a record with 20,000 headers costs what any other does: kafkajs takes minutes for it', async () => {
    const headers = Object.fromEntries(Array.from({ length: 20_000 }, (_, n) => [`h${n}`, '']));
    const answer = await encodeBatch([{ value: Buffer.from('v'), headers }]);
    const startedAt = performance.now();
    expect(decodeRecordBatches(answer, limits())).toMatchObject([{ offset: '0', value: Buffer.from('v') }]);
    expect(performance.now() - startedAt).toBeLessThan(50);
  });

  test('what comes after a batch that cannot be read is read, and that batch is one message with its first and last offset', async () => {
    const good = await encodeBatch([{ value: Buffer.from('good') }], { firstOffset: 10 });
    const records = [{ value: Buffer.alloc(3_000_000) }, { value: null }];
    const bomb = await encodeBatch(records, { firstOffset: 11, compression: 1 });
    expect(bomb.length).toBeLessThan(5_000);
    const next = await encodeBatch([{ value: Buffer.from('next') }], { firstOffset: 13 });
    const messages = decodeRecordBatches(Buffer.concat([good, bomb, next]), limits({ fetchOffset: '10' }));
    const reason = 'takes more than 1048576 bytes when it is unpacked';
    expect(messages).toMatchObject([
      { offset: '10', value: Buffer.from('good') },
      { offset: '12', value: null, unreadable: { firstOffset: '11', reason } },
      { offset: '13', value: Buffer.from('next') },
    ]);
    // Fetched again from within it, as after a crash.
    const [rest] = decodeRecordBatches(bomb, limits({ fetchOffset: '12' }));
    expect(rest).toMatchObject({ offset: '12', unreadable: { firstOffset: '12', reason } });
  });

  test('of many batches that are large when they are unpacked, an answer brings few, and the next one goes on', async () => {
    const batches = [0, 1, 2, 3].map((firstOffset) =>
      encodeBatch([{ value: Buffer.alloc(700_000) }], { firstOffset, compression: 1 }),
    );
    const answer = Buffer.concat(await Promise.all(batches));
    const offsets = (fetchOffset: string): string[] =>
      decodeRecordBatches(answer, limits({ fetchOffset })).map(({ offset }) => offset);
    expect(offsets('0')).toEqual(['0', '1']);
    expect(offsets('2')).toEqual(['2', '3']);
  });

  test.each([
    [2, 'compressed with snappy, which nothing here unpacks'],
    [4, 'compressed with zstd, which nothing here unpacks'],
    [7, 'compressed with number 7, which nothing here unpacks'],
    [1, 'is not valid gzip'],
  ])('compression %i without a codec for it, or with other bytes than it says: unreadable', async (codec, reason) => {
    const answer = await encodeBatch([{ value: Buffer.from('v') }, {}]);
    answer.writeInt16BE(codec, 21);
    expect(decodeRecordBatches(answer, limits())).toMatchObject([
      { offset: '1', unreadable: { firstOffset: '0', reason } },
    ]);
  });

  test('any bytes in place of the records end as records or as one unreadable rest, and never as an error', () => {
    const header = Buffer.alloc(61);
    header.writeInt8(2, 16);
    header.writeInt32BE(3, 23);
    header.writeInt32BE(4, 57);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), (noise, gzip) => {
        const body = gzip ? gzipSync(noise) : Buffer.from(noise);
        header.writeInt32BE(49 + body.length, 8);
        header.writeInt16BE(gzip ? 1 : 0, 21);
        const messages = decodeRecordBatches(Buffer.concat([header, body]), limits());
        expect(messages.length).toBeLessThanOrEqual(5);
        expect(messages.slice(0, -1).every(({ unreadable }) => unreadable === undefined)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('each record tells the leader epoch under which it was appended', async () => {
    const before = await encodeBatch([{}, {}]);
    const after = await encodeBatch([{}], { firstOffset: 2 });
    before.writeInt32BE(4, 12);
    after.writeInt32BE(5, 12);
    const messages = decodeRecordBatches(Buffer.concat([before, after]), limits());
    expect(messages.map(({ batchContext }) => batchContext.leaderEpoch)).toEqual([4, 4, 5]);
  });

  test('a batch of another magic has no place to go on from: that is an error', async () => {
    const answer = await encodeBatch([{ value: Buffer.from('v') }]);
    answer.writeInt8(1, 16);
    expect(() => decodeRecordBatches(answer, limits())).toThrow('has magic 1, expected 2');
  });
});

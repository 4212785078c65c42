import Decoder from 'kafkajs/src/protocol/decoder';
import Fetch, { type FetchArguments } from 'kafkajs/src/protocol/requests/fetch';
import { guardFetch, type FetchPolicy } from '../../../services/common/kafka-fetch-guard';
import { encodeAnswer, encodeBatch } from '../kafka-answers';

const POLICY: FetchPolicy = { topic: 'prices', maxBytes: 900, maxUnpackedBytes: 1_000, admit: () => () => () => true };
const asked = (topic: string, partitions: readonly number[]): FetchArguments => ({
  maxBytes: 10_485_760,
  topics: [
    { topic, partitions: partitions.map((partition) => ({ partition, fetchOffset: '4', maxBytes: 1_048_576 })) },
  ],
});
const call = (request: FetchArguments, version = 11) => Fetch.protocol({ version })(request);

interface Decoded {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly { partition: number; highWatermark: string; messages: { offset: string }[] }[];
  }[];
}

/** The bounds in a request as it goes to the broker: of the whole answer, and of each partition. */
async function boundsOf(request: FetchArguments): Promise<{ whole: number; each: number[] }> {
  const { buffer } = await (call(request).request as { encode(): Promise<{ buffer: Buffer }> }).encode();
  const decoder = new Decoder(buffer.subarray(12));
  const whole = decoder.readInt32();
  const topics = new Decoder(buffer.subarray(25)).readArray((topic) => {
    topic.readString();
    return topic.readArray((partition) => {
      for (let n = 0; n < 2; n += 1) partition.readInt32();
      for (let n = 0; n < 2; n += 1) partition.readInt64();
      return partition.readInt32();
    });
  });
  return { whole, each: topics.flat() };
}

describe('guardFetch', () => {
  beforeEach(() => guardFetch(POLICY));

  test('asks for a bounded answer, with an equal share of it for each partition', async () => {
    expect(await boundsOf(asked('prices', [0, 1, 2]))).toEqual({ whole: 900, each: [300, 300, 300] });
    expect(await boundsOf(asked('prices', [7]))).toEqual({ whole: 900, each: [900] });
  });

  test('decodes what is admitted of each partition, from the offset that was asked for', async () => {
    const records = await encodeBatch([{}, {}, {}, {}], { firstOffset: 3 });
    const partitions = [0, 1, 2].map((partition) => ({ partition, highWatermark: 7, records }));
    const admitted: number[] = [];
    guardFetch({
      ...POLICY,
      admit: () => {
        let taken = 0;
        return (partition) => (admitted.push(partition), partition === 1 ? undefined : () => (taken += 1) <= 3);
      },
    });
    const { response } = call(asked('prices', [0, 1, 2]));
    const decoded = (await response.decode(encodeAnswer('prices', partitions))) as Decoded;
    const offsets = decoded.responses[0].partitions.map(({ messages }) => messages.map(({ offset }) => offset));
    // Of the last one, the first record is taken in any case.
    expect(offsets).toEqual([['4', '5', '6'], [], ['4']]);
    expect(admitted).toEqual([0, 1, 2]);
    expect(await response.parse(decoded as never)).toMatchObject({ responses: [{ topicName: 'prices' }] });
  });

  test('an error of a partition is thrown as kafkajs throws it', async () => {
    const answer = encodeAnswer('prices', [
      { partition: 0, highWatermark: -1, records: Buffer.alloc(0), errorCode: 1 },
    ]);
    const { response } = call(asked('prices', [0]));
    await expect(response.decode(answer).then((decoded) => response.parse(decoded as never))).rejects.toMatchObject({
      type: 'OFFSET_OUT_OF_RANGE',
    });
  });

  test('leaves other topics to kafkajs, with their headers: dead letters say in theirs where they come from', async () => {
    const records = await encodeBatch([{ headers: { reason: 'not-json' } }], { firstOffset: 4 });
    expect(await boundsOf(asked('letters', [0]))).toEqual({ whole: 10_485_760, each: [1_048_576] });
    const { response } = call(asked('letters', [0]));
    const decoded = await response.decode(encodeAnswer('letters', [{ partition: 0, highWatermark: 5, records }]));
    expect(decoded).toMatchObject({
      responses: [{ partitions: [{ messages: [{ headers: { reason: Buffer.from('not-json') } }] }] }],
    });
  });

  test('says that a broker is too old whose answers it does not read', () => {
    expect(() => call(asked('prices', [0]), 10)).toThrow('Fetch version 10, expected 11: Kafka must be 2.3 or later');
  });
});

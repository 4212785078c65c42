import type { Kafka } from 'kafkajs';
import { planRewind, rewind } from '../../../services/tools/rewind';

const config = { prices: { name: 'prices' }, consumer_group: 'g' } as Parameters<typeof rewind>[1]['config'];

/** As kafkajs 2.2.4 throws what a broker answers. */
const answer = (type: string, name = 'KafkaJSProtocolError') => Object.assign(new Error(type), { type, name });
const rejecting = (error: Error) => () => Promise.reject(error);
const at = (...offsets: number[]) => offsets.map((offset, partition) => ({ partition, offset: String(offset) }));

/** A group that has read three partitions, of which the second has nothing older, and that nobody reads in. */
function cluster(over: object = {}) {
  const committed = at(70, 50, 9);
  const calls: unknown[] = [];
  const admin = {
    connect: async () => undefined,
    disconnect: async () => void calls.push('disconnect'),
    fetchOffsets: async () => [{ topic: 'prices', partitions: committed }],
    fetchTopicOffsets: async () =>
      [20, 50, 0].map((low, partition) => ({ partition, low: String(low), high: '99', offset: '99' })),
    fetchTopicOffsetsByTimestamp: async (_: string, ms: number) => at(ms === Date.UTC(2026, 10, 28) ? 60 : -7, 99, 8),
    describeGroups: async () => ({ groups: [{ state: 'Empty', members: [] }] }),
    setOffsets: async (given: { partitions: { partition: number; offset: string }[] }) => {
      calls.push(given);
      for (const { partition, offset } of given.partitions) committed[partition]!.offset = offset;
    },
    ...over,
  };
  return { calls, kafka: { admin: () => admin } as unknown as Kafka };
}

const ask = (kafka: Kafka, request = {}) =>
  rewind({ dry_run: false, ...request }, { kafka, username: 'processor-2', config, emptyMs: 0, setMs: 20 });

describe('where the group goes back to:', () => {
  test('never forward, where the log has lost what was read, or nothing was read yet', () => {
    expect(planRewind(at(5, 5, -1), at(7, 5, 0))).toEqual([]);
    // Also a partition for which it has committed nothing.
    expect(planRewind([], at(3))).toEqual([]);
  });

  test('in order, offsets beyond what a number holds', () => {
    const high = '9007199254740993';
    expect(
      planRewind(
        [
          { partition: 1, offset: high },
          { partition: 0, offset: '4' },
        ],
        [
          { partition: 1, offset: '9007199254740992' },
          { partition: 0, offset: '0' },
        ],
      ),
    ).toEqual([
      [0, '4', '0'],
      [1, high, '9007199254740992'],
    ]);
  });
});

test('to the oldest events that are there', async () => {
  const { calls, kafka } = cluster();
  expect(await ask(kafka)).toEqual({
    ...{ rewound: true, records: 59, partitions: [[0, '70', '20'] as const, [2, '9', '0'] as const] },
  });
  expect(calls).toEqual([
    {
      groupId: 'g',
      topic: 'prices',
      partitions: [
        { partition: 0, offset: '20' },
        { partition: 2, offset: '0' },
      ],
    },
    'disconnect',
  ]);
});

test('to a moment; a partition without an event since then stays', async () => {
  const { kafka } = cluster();
  expect(await ask(kafka, { since: '2026-11-28T00:00:00Z' })).toEqual({
    ...{ rewound: true, records: 11, partitions: [[0, '70', '60'] as const, [2, '9', '8'] as const] },
  });
});

test('only counted, nothing is set, and nobody need have stopped', async () => {
  const { calls, kafka } = cluster({ describeGroups: rejecting(new Error('asked')) });
  expect(await ask(kafka, { dry_run: true })).toMatchObject({ rewound: false, records: 59 });
  expect(calls).toEqual(['disconnect']);
});

test('nothing to read again sets nothing', async () => {
  const { calls, kafka } = cluster({ fetchOffsets: async () => [{ topic: 'prices', partitions: at(-1, -1, -1) }] });
  expect(await ask(kafka)).toEqual({ rewound: true, records: 0, partitions: [] });
  expect(calls).toEqual(['disconnect']);
});

test('a processor that still reads: nothing is set', async () => {
  const { calls, kafka } = cluster({
    describeGroups: async () => ({ groups: [{ state: 'Stable', members: [{}, {}] }] }),
  });
  await expect(ask(kafka)).rejects.toMatchObject({
    message: 'waiting until nobody reads as g failed for 0 s',
    cause: new Error('its state is Stable, with 2 members'),
  });
  expect(calls).toEqual(['disconnect']);
});

test('a broker that does not answer once is asked again', async () => {
  const fetchTopicOffsets = jest
    .fn()
    .mockRejectedValueOnce(answer('UNKNOWN_TOPIC_OR_PARTITION'))
    .mockResolvedValue([{ partition: 0, low: '69', high: '99' }]);
  expect(await ask(cluster({ fetchTopicOffsets }).kafka)).toMatchObject({ rewound: true, records: 1 });
});

test('what Kafka did not take is no success', async () => {
  const { kafka } = cluster({ setOffsets: async () => undefined });
  await expect(ask(kafka)).rejects.toMatchObject({
    cause: new Error('Kafka has taken the offsets of 0 of 2 partitions'),
  });
});

test('a group that may not be joined gets no answer of kafkajs at all', async () => {
  const { calls, kafka } = cluster({ setOffsets: () => new Promise(() => undefined) });
  await expect(ask(kafka)).rejects.toMatchObject({
    cause: new Error('Kafka has not answered for 0.02 s: it may be that the login lacks Read on the group'),
  });
  expect(calls).toEqual(['disconnect']);
});

test.each([
  ['a login', { connect: rejecting(answer('', 'KafkaJSSASLAuthenticationError')) }, 'refuses the login of processor-2'],
  ['a right', { fetchOffsets: rejecting(answer('GROUP_AUTHORIZATION_FAILED')) }, 'allow Read on both'],
  [
    'a right that setting needs',
    { setOffsets: rejecting(answer('GROUP_AUTHORIZATION_FAILED')) },
    'may not set back the group g',
  ],
])('%s that is wrong is told at once', async (_, over, message) => {
  await expect(ask(cluster(over).kafka)).rejects.toThrow(message);
});

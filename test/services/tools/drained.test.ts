import type { Kafka } from 'kafkajs';
import { backlog } from '../../../services/tools/backlog';
import { drained } from '../../../services/tools/drained';

const config = {
  ...{ prices: { name: 'prices' }, dead_letters: { name: 'letters' }, consumer_group: 'g' },
} as Parameters<typeof drained>[0]['config'];

/** As kafkajs 2.2.4 throws what a broker answers: the first, or wrapped after it has tried again. */
const answer = (type: string, name = 'KafkaJSProtocolError') => Object.assign(new Error(type), { type, name });
const wrapped = (type: string) => new Error('retries exceeded', { cause: answer(type) });
const rejecting = (error: Error) => () => Promise.reject(error);

const ends = (...pairs: [low: number, high: number][]) =>
  pairs.map(([low, high], partition) => ({ partition, low: String(low), high: String(high), offset: String(high) }));
const committed = (...offsets: number[]) => offsets.map((offset, partition) => ({ partition, offset: String(offset) }));

/** A cluster whose group has committed everything. */
function cluster(over: object = {}) {
  const calls: string[] = [];
  const admin = {
    connect: async () => void calls.push('connect'),
    disconnect: async () => void calls.push('disconnect'),
    describeCluster: async () => ({ clusterId: 'cluster-1' }),
    fetchOffsets: async (_: object) => [{ topic: 'prices', partitions: committed(7, 5) }],
    fetchTopicOffsets: async (topic: string) => (topic === 'prices' ? ends([2, 7], [0, 5]) : ends([4, 7])),
    ...over,
  };
  return { calls, admin, kafka: { admin: () => admin } as unknown as Kafka };
}

const ask = (over: object = {}, more: object = {}) =>
  drained({
    ...{ kafka: cluster(over).kafka, username: 'processor-2', secret: 'kafka-password-processor', config },
    ...{ deadlineMs: 0, absentMs: 0, ...more },
  });

describe('one answer says why it is not known:', () => {
  test.each<[string, object, string]>([
    [
      'a login that is refused',
      { connect: rejecting(answer('', 'KafkaJSSASLAuthenticationError')) },
      'the Kafka that is left refuses the login of processor-2: user or password in the secret kafka-password-processor is',
    ],
    [
      'a group that may not be read',
      { fetchOffsets: rejecting(answer('GROUP_AUTHORIZATION_FAILED')) },
      'processor-2 may not use the consumer group g: allow Read on it',
    ],
    [
      'a topic that may not be read',
      { fetchTopicOffsets: rejecting(wrapped('TOPIC_AUTHORIZATION_FAILED')) },
      'processor-2 may not use topic prices or letters: allow Read on the one and Write on the other',
    ],
  ])('%s, at once', async (_, over, reason) => {
    expect(await ask(over, { deadlineMs: 60_000 })).toEqual({
      ...{ drained: false, reason: expect.stringContaining(reason) },
    });
  });

  test('a cluster that is away, after the deadline', async () => {
    const { calls, kafka } = cluster({ connect: rejecting(new Error('Connection timeout')) });
    expect(await ask({}, { kafka, deadlineMs: 50 })).toEqual({
      ...{ drained: false, reason: 'waiting for an empty topic failed for 0.05 s: Connection timeout' },
    });
    expect(calls).toEqual(['disconnect']);
  });

  test('a cluster that does not answer once is asked again', async () => {
    const fetchOffsets = jest
      .fn()
      .mockRejectedValueOnce(answer('NOT_COORDINATOR_FOR_GROUP'))
      .mockResolvedValue([{ topic: 'prices', partitions: committed(7, 5) }]);
    expect(await ask({ fetchOffsets }, { deadlineMs: 5_000 })).toMatchObject({ drained: true });
  });
});

test('the deadline: how many records are left, and on which partitions', async () => {
  const fetchTopicOffsets = async (topic: string) => (topic === 'prices' ? ends([2, 1_241], [0, 5]) : ends([4, 7]));
  expect(await ask({ fetchTopicOffsets }, { deadlineMs: 20 })).toEqual({
    drained: false,
    records: 1_234,
    behind: ['0: 1,234'],
    partitions: 2,
    cluster: 'cluster-1',
    dead_letters: 3,
    reason:
      'waiting for an empty topic failed for 0.02 s: the group g has not committed 1,234 records of prices: ' +
      "see what the processor's /health says of it",
  });
});

test('the numbers are taken anew each time, what is committed before the end', async () => {
  const order: string[] = [];
  const offsets = [committed(3, 5), committed(7, 5)];
  const over = {
    fetchOffsets: async () => {
      order.push('committed');
      return [{ topic: 'prices', partitions: offsets.shift()! }];
    },
    fetchTopicOffsets: async (topic: string) => {
      order.push(topic);
      return topic === 'prices' ? ends([0, 7], [0, 5]) : [];
    },
  };
  expect(await ask(over, { deadlineMs: 5_000 })).toEqual({
    ...{ drained: true, records: 0, partitions: 2, behind: undefined, cluster: 'cluster-1', dead_letters: 0 },
  });
  expect(order).toEqual(['committed', 'prices', 'letters', 'committed', 'prices', 'letters']);
});

describe('a topic that does not exist', () => {
  const none = rejecting(wrapped('UNKNOWN_TOPIC_OR_PARTITION'));
  const over = { fetchOffsets: none, fetchTopicOffsets: none };

  test('holds nothing', async () => {
    expect(await ask(over)).toEqual({
      ...{ drained: true, records: 0, partitions: 0, cluster: 'cluster-1', dead_letters: 0 },
    });
  });

  test('has to be missing for a while: a broker that has just started shows none', async () => {
    expect(await ask(over, { deadlineMs: 20, absentMs: 10_000 })).toEqual({
      ...{ drained: false, records: 0, partitions: 0, cluster: 'cluster-1', dead_letters: 0 },
      reason: 'waiting for an empty topic failed for 0.02 s: topic prices is not shown yet',
    });
    const fetchOffsets = jest
      .fn(async () => [{ topic: 'prices', partitions: committed(2, 5) }])
      .mockImplementationOnce(none);
    const shown = { fetchOffsets, fetchTopicOffsets: cluster().admin.fetchTopicOffsets };
    expect(await ask(shown, { deadlineMs: 800, absentMs: 400 })).toMatchObject({ drained: false, records: 5 });
  });
});

test('a cluster that tells no id is answered for without it', async () => {
  const answered = await ask({ describeCluster: rejecting(answer('CLUSTER_AUTHORIZATION_FAILED')) }, { next: 'other' });
  expect(answered).toEqual({ drained: true, records: 0, partitions: 2, dead_letters: 3 });
});

test('the same cluster is not left: nothing else is asked', async () => {
  const fetchOffsets = jest.fn();
  expect(await ask({ fetchOffsets }, { next: 'cluster-1' })).toEqual({
    ...{ drained: true, same: true, cluster: 'cluster-1' },
  });
  expect(fetchOffsets).not.toHaveBeenCalled();
});

describe('what a partition still holds', () => {
  test.each<[string, [number, number], number[], number]>([
    ['all is committed', [2, 7], [7], 0],
    ['some is not', [2, 7], [5], 2],
    ['no commit, and there is nothing', [7, 7], [-1], 0],
    ['no commit, and there is something', [2, 7], [-1], 5],
    ['the group knows nothing of it', [2, 7], [], 5],
    ['what was not read has been deleted', [7, 7], [5], 0],
    ['some of what was not read has been deleted', [4, 7], [2], 3],
    ['a commit beyond the end: the topic was made anew', [0, 3], [9], 3],
    ['beyond the end of an empty one', [0, 0], [9], 0],
  ])('%s', (_, pair, offsets, records) => {
    expect(backlog(ends(pair), committed(...offsets))).toMatchObject({ records, partitions: 1 });
  });

  test('is told in the order of the partitions, of as many as a person reads', () => {
    const all = ends(...Array.from({ length: 30 }, (): [number, number] => [0, 1_000])).reverse();
    const { records, partitions, behind } = backlog(all, []);
    expect({ records, partitions }).toEqual({ records: 30_000, partitions: 30 });
    expect(behind).toHaveLength(20);
    expect(behind.slice(0, 2)).toEqual(['0: 1,000', '1: 1,000']);
  });
});

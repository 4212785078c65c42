import type { Admin } from 'kafkajs';
import { Lag, lagByPartition, partitionsBeyondEnd } from '../../../services/processor/lag';

const ends = [
  { partition: 0, low: '10', high: '110' },
  { partition: 1, low: '0', high: '9007199254740993' },
];

describe('lagByPartition', () => {
  test.each([
    ['nothing committed: all that is there', '-1', 100],
    ['committed below what is left of the topic', '3', 100],
    ['in the middle', '60', 50],
    ['at the end', '110', 0],
    ['beyond the end, as after the loss of the topic', '500', 0],
  ])('%s', (_, offset, lag) => {
    expect(lagByPartition([0], ends, [{ partition: 0, offset }])).toEqual(new Map([[0, lag]]));
  });

  test('only of the partitions that are asked for and known', () => {
    expect([...lagByPartition([1, 7], ends, [{ partition: 1, offset: '9007199254740990' }])]).toEqual([[1, 3]]);
  });
});

test('a committed offset beyond the end is told, for the partitions that are asked for', () => {
  const committed = ['110', '9007199254740994', '1'].map((offset, partition) => ({ partition, offset }));
  expect(partitionsBeyondEnd([0, 1], ends, committed)).toEqual([1]);
  expect(partitionsBeyondEnd([0], ends, committed)).toEqual([]);
  expect(partitionsBeyondEnd([0], ends, [{ partition: 0, offset: '-1' }])).toEqual([]);
});

test('Lag is what the broker says, for the partitions that this replica has at that time', async () => {
  const admin = {
    fetchTopicOffsets: async () => ends,
    fetchOffsets: async () => [{ topic: 't', partitions: [{ partition: 0, offset: '100' }] }],
  } as unknown as Admin;
  let partitions: number[] = [];
  const lag = new Lag({ topic: 't', group: 'g', partitions: () => partitions, isReadTo: () => false });
  await lag.refresh(admin);
  expect(lag.total).toBe(0);
  partitions = [0];
  await lag.refresh(admin);
  expect(lag.total).toBe(10);
});

describe('a partition that stands still', () => {
  function setUp() {
    const state = { offset: '100', partitions: [0] as number[], nowMs: 0, isRead: false };
    const admin = {
      fetchTopicOffsets: async () => ends,
      fetchOffsets: async () => [{ topic: 't', partitions: [{ partition: 0, offset: state.offset }] }],
    } as unknown as Admin;
    const lag = new Lag({
      topic: 't',
      group: 'g',
      partitions: () => state.partitions,
      isReadTo: (partition, committed, end) => state.isRead && partition === 0 && committed === 100n && end === 110n,
      nowMs: () => state.nowMs,
    });
    const look = async (nowMs: number): Promise<void> => {
      state.nowMs = nowMs;
      await lag.refresh(admin);
    };
    return { state, lag, look };
  }

  test('is told of once nothing has been committed for long enough', async () => {
    const { lag, look } = setUp();
    await look(0);
    await look(4_000);
    expect(lag.stuck(8_000)).toEqual([]);
    await look(8_000);
    expect(lag.stuck(8_000)).toEqual([{ partition: 0, lag: 10, forMs: 8_000 }]);
  });

  test.each<[string, (state: ReturnType<typeof setUp>['state']) => void]>([
    ['a commit', (state) => (state.offset = '101')],
    ['the last record', (state) => (state.offset = '110')],
    ['another owner', (state) => (state.partitions = [])],
    ['an end that holds no record, as after an aborted transaction', (state) => (state.isRead = true)],
  ])('no longer after %s', async (_, change) => {
    const { state, lag, look } = setUp();
    await look(0);
    await look(8_000);
    change(state);
    await look(12_000);
    expect(lag.stuck(8_000)).toEqual([]);
  });
});

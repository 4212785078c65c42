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
  const lag = new Lag({ topic: 't', group: 'g', partitions: () => partitions });
  await lag.refresh(admin);
  expect(lag.total).toBe(0);
  partitions = [0];
  await lag.refresh(admin);
  expect(lag.total).toBe(10);
});

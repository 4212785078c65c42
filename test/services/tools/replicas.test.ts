import { createLogger } from '../../../services/common/log';
import { outOfSync, planReplicas, requireInSync, setUpReplicas } from '../../../services/tools/replicas';

const silent = createLogger('test', '0', 'silent');

describe('planReplicas', () => {
  test('puts each partition on every broker, and spreads the leaders', () => {
    const alone = [0, 1, 2, 3].map((partition) => ({ partition, replicas: [1] }));
    expect(planReplicas(alone, 3).map(({ replicas }) => replicas)).toEqual([
      [1, 2, 3],
      [2, 3, 1],
      [3, 1, 2],
      [1, 2, 3],
    ]);
  });

  test('leaves alone what is on so many brokers, in whatever order', () => {
    expect(planReplicas([{ partition: 4, replicas: [3, 2, 1] }], 3)).toEqual([]);
  });

  test('goes back to the first broker', () => {
    expect(planReplicas([{ partition: 1, replicas: [2, 3, 1] }], 1)).toEqual([{ partition: 1, replicas: [1] }]);
  });
});

/** A cluster whose partitions have these replicas, and move when they are told to. */
function cluster(replicas: number[], moving: { name: string; partitions: { partition: number }[] }[] = []) {
  const told: unknown[] = [];
  const state = { replicas, moving };
  const admin: any = {
    fetchTopicMetadata: async () => ({
      topics: [{ name: 'prices', partitions: [{ partitionId: 0, replicas: state.replicas, isr: state.replicas }] }],
    }),
    listPartitionReassignments: async () => ({ topics: state.moving }),
    alterPartitionReassignments: async ({ topics }: any) => told.push(topics),
  };
  return { admin, told, state };
}

describe('setUpReplicas', () => {
  test('fails until what it has told to move has moved, and tells it once', async () => {
    const { admin, told, state } = cluster([1]);
    await expect(setUpReplicas(admin, 3, silent)).rejects.toThrow('partitions of prices begin to move to 3 replicas');
    expect(told).toEqual([[{ topic: 'prices', partitionAssignment: [{ partition: 0, replicas: [1, 2, 3] }] }]]);
    // While it moves, metadata already names the brokers that it moves to.
    Object.assign(state, { replicas: [1, 2, 3], moving: [{ name: 'prices', partitions: [{ partition: 0 }] }] });
    await expect(setUpReplicas(admin, 3, silent)).rejects.toThrow('partitions are moving to 3 replicas: prices-0');
    state.moving = [];
    await setUpReplicas(admin, 3, silent);
    expect(told).toHaveLength(1);
  });
});

describe('outOfSync', () => {
  const partition = (inSync: number[]) => ({ topic: 'prices', partition: 2, replicas: [1, 2, 3], inSync });

  test('names how many brokers there are', () => {
    expect(outOfSync([1, 3], [partition([1, 3])], 3)).toBe('2 of 3 brokers are there: 1, 3');
    expect(outOfSync([], [], 1)).toBe('0 of 1 brokers are there: none');
  });

  test('names a partition, and the broker that lags', () => {
    expect(outOfSync([1, 2, 3], [partition([1, 3]), partition([3, 1, 2])], 3)).toBe(
      '1 of 2 partitions are not in sync on every replica, such as prices-2 on broker 2',
    );
  });

  test('has nothing to say of a cluster that is well', () => {
    expect(outOfSync([1, 2, 3], [partition([3, 1, 2])], 3)).toBeUndefined();
  });
});

test('requireInSync fails with what is wrong', async () => {
  const { admin } = cluster([1, 2]);
  admin.describeCluster = async () => ({ brokers: [{ nodeId: 1 }, { nodeId: 2 }] });
  await requireInSync(admin, 2);
  await expect(requireInSync(admin, 3)).rejects.toThrow('2 of 3 brokers are there: 1, 2');
});

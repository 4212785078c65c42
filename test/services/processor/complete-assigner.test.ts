import { AssignerProtocol, type Cluster } from 'kafkajs';
import { pino } from 'pino';
import { completeAssigner } from '../../../services/processor/complete-assigner';

const TOPIC = 'metals-prices';

/** A cluster that tells of more partitions with each refresh. */
function assigner(counts: number[], patienceMs = 5_000) {
  let refreshes = 0;
  const cluster = {
    findTopicPartitionMetadata: () => Array.from({ length: counts[0] }, (_, partitionId) => ({ partitionId })),
    refreshMetadata: async () => {
      refreshes += 1;
      if (counts.length > 1) counts.shift();
    },
  } as unknown as Cluster;
  const logger = pino({ level: 'silent' });
  const create = completeAssigner({ topic: TOPIC, partitions: 3, patienceMs, logger });
  const subject = create({ cluster, groupId: 'g', logger: {} as never });
  const assign = async (): Promise<number[]> => {
    const members = ['a', 'b'].map((memberId) => ({ memberId, memberMetadata: Buffer.alloc(0) }));
    const assigned = await subject.assign({ members, topics: [TOPIC] });
    return assigned
      .flatMap(({ memberAssignment }) => AssignerProtocol.MemberAssignment.decode(memberAssignment)!.assignment[TOPIC])
      .sort();
  };
  return { subject, assign, refreshes: () => refreshes };
}

describe('completeAssigner', () => {
  test('waits for a broker that tells of no partition yet, instead of assigning nothing', async () => {
    const { assign, refreshes } = assigner([0, 0, 3]);
    expect(await assign()).toEqual([0, 1, 2]);
    expect(refreshes()).toBe(2);
  });

  test('asks nothing when all is known', async () => {
    const { assign, refreshes } = assigner([3]);
    expect(await assign()).toEqual([0, 1, 2]);
    expect(refreshes()).toBe(0);
  });

  test('fails, so that the member joins again, where the topic stays unknown', async () => {
    await expect(assigner([0], 300).assign()).rejects.toThrow(
      'Kafka tells of no partition of topic metals-prices, expected 3',
    );
  });

  test('assigns a topic that truly has fewer partitions', async () => {
    expect(await assigner([2], 300).assign()).toEqual([0, 1]);
  });

  test('keeps the name that members of the release before have', () => {
    expect(assigner([3]).subject.name).toBe('RoundRobinAssigner');
  });
});

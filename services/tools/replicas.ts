/** On how many brokers each partition is, and whether all of them have it. */
import type { Admin } from 'kafkajs';
import type { Logger } from '../common/log';

export interface PlacedPartition {
  readonly partition: number;
  /** Numbers of brokers, the preferred leader first. */
  readonly replicas: readonly number[];
}

/** Where partitions are to be that have another number of replicas: on brokers numbered from 1, their leaders spread. */
export function planReplicas(partitions: readonly PlacedPartition[], replicationFactor: number): PlacedPartition[] {
  return partitions
    .filter(({ replicas }) => replicas.length !== replicationFactor)
    .map(({ partition }) => ({
      partition,
      replicas: Array.from({ length: replicationFactor }, (_, index) => ((partition + index) % replicationFactor) + 1),
    }));
}

type ReplicaAdmin = Pick<Admin, 'fetchTopicMetadata' | 'listPartitionReassignments' | 'alterPartitionReassignments'>;

/**
 * Moves what has another number of replicas, the offsets of groups included.
 *
 * @throws Error until all has moved
 */
export async function setUpReplicas(admin: ReplicaAdmin, replicationFactor: number, logger: Logger): Promise<void> {
  const under = await moving(admin);
  if (under.length > 0) throw new Error(`partitions are moving to ${replicationFactor} replicas: ${under.join(', ')}`);
  const { topics } = await admin.fetchTopicMetadata();
  const moves = topics
    .map(({ name, partitions }) => ({
      topic: name,
      partitionAssignment: planReplicas(
        partitions.map(({ partitionId, replicas }) => ({ partition: partitionId, replicas })),
        replicationFactor,
      ).map(({ partition, replicas }) => ({ partition, replicas: [...replicas] })),
    }))
    .filter(({ partitionAssignment }) => partitionAssignment.length > 0);
  if (moves.length === 0) return;
  const names = moves.map(({ topic }) => topic);
  await admin.alterPartitionReassignments({ topics: moves });
  logger.info({ topics: names, replication_factor: replicationFactor }, 'partitions are told to move');
  throw new Error(`partitions of ${names.join(', ')} begin to move to ${replicationFactor} replicas`);
}

/** As kafkajs 2.2.4 answers; its types call `name` `topic`. */
interface MovingTopic {
  readonly name: string;
  readonly partitions: readonly { readonly partition: number }[];
}

/** Partitions that are on their way to other brokers. */
async function moving(admin: Pick<ReplicaAdmin, 'listPartitionReassignments'>): Promise<string[]> {
  const answer = await admin.listPartitionReassignments({});
  const topics = answer.topics as unknown as readonly MovingTopic[];
  return topics.flatMap(({ name, partitions }) => partitions.map(({ partition }) => `${name}-${partition}`));
}

export interface SyncedPartition {
  readonly topic: string;
  readonly partition: number;
  readonly replicas: readonly number[];
  readonly inSync: readonly number[];
}

/** What keeps another broker from being stopped: undefined where every broker is there, and each replica in sync. */
export function outOfSync(
  brokers: readonly number[],
  partitions: readonly SyncedPartition[],
  expectedBrokers: number,
): string | undefined {
  if (brokers.length < expectedBrokers)
    return `${brokers.length} of ${expectedBrokers} brokers are there: ${brokers.join(', ') || 'none'}`;
  const behind = partitions.filter(({ replicas, inSync }) => inSync.length < replicas.length);
  const [first] = behind;
  if (!first) return undefined;
  const absent = first.replicas.filter((broker) => !first.inSync.includes(broker));
  return (
    `${behind.length} of ${partitions.length} partitions are not in sync on every replica, ` +
    `such as ${first.topic}-${first.partition} on broker ${absent.join(', ')}`
  );
}

/** @throws Error with what is not in sync */
export async function requireInSync(
  admin: Pick<Admin, 'describeCluster' | 'fetchTopicMetadata'>,
  expectedBrokers: number,
): Promise<void> {
  const { brokers } = await admin.describeCluster();
  const { topics } = await admin.fetchTopicMetadata();
  const partitions = topics.flatMap(({ name, partitions: all }) =>
    all.map(({ partitionId, replicas, isr }) => ({ topic: name, partition: partitionId, replicas, inSync: isr })),
  );
  const problem = outOfSync(
    brokers.map(({ nodeId }) => nodeId),
    partitions,
    expectedBrokers,
  );
  if (problem !== undefined) throw new Error(problem);
}

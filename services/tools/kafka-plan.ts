import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes, type AclEntry } from 'kafkajs';
import type { ToolsConfig } from './config';
import type { Users } from './users';

const HOUR_MS = 3_600_000;

export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** The broker's own size of a segment, `log.segment.bytes`. */
const MAX_SEGMENT_BYTES = 256 * 2 ** 20;
const SEGMENTS_PER_SHARE = 16;

export interface PartitionBounds {
  readonly retentionBytes: number;
  readonly segmentBytes: number;
}

/**
 * What one partition keeps, and how large its files are. Kafka deletes whole segments, and only one without which
 * `retention.bytes` are still there (UnifiedLog.deleteRetentionSizeBreachedSegments, 4.x), so a partition may hold one
 * segment more than that: the share has room for it.
 */
export function partitionBounds(config: ToolsConfig): PartitionBounds {
  const topics = [config.prices, config.dead_letters];
  const partitions = topics.reduce((sum, topic) => sum + topic.partitions, 0);
  const share = Math.floor(config.kafka_disk_bytes / partitions);
  const segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.floor(share / SEGMENTS_PER_SHARE));
  const needed = Math.max(...topics.map((topic) => topic.max_message_bytes));
  if (segmentBytes < needed) {
    throw new Error(
      `kafka_disk_bytes is ${config.kafka_disk_bytes}: shared by ${partitions} partitions it leaves segments of ` +
        `${segmentBytes} bytes, which must hold a message of ${needed}; ` +
        `set it to at least ${needed * SEGMENTS_PER_SHARE * partitions}, or have fewer partitions`,
    );
  }
  return { retentionBytes: share - segmentBytes, segmentBytes };
}

/** On how many brokers a record is before it is acknowledged. */
export const leastInSync = ({ replication_factor: replicas }: { readonly replication_factor: number }): number =>
  Math.ceil(replicas / 2);

/**
 * The topics as they should be on somebody else's brokers, which give records the room that their owner pays for. How many
 * replicas must be in sync depends on how many there are: setup-external-kafka.ts.
 */
export const planExternalTopics = (config: ToolsConfig): TopicPlan[] =>
  [config.prices, config.dead_letters].map((topic) => ({
    topic: topic.name,
    partitions: topic.partitions,
    settings: commonSettings(config, topic),
  }));

/** Settings of which more is as good. */
const AT_LEAST: ReadonlySet<string> = new Set(['retention.ms', 'max.message.bytes', 'min.insync.replicas']);
const UNLIMITED = -1;

/** Of the settings that a topic should have, those that it has not. */
export function unmetSettings(
  wanted: Readonly<Record<string, string>>,
  actual: Readonly<Record<string, string>>,
): Record<string, string> {
  const isMet = ([name, value]: [string, string]): boolean =>
    actual[name] === value ||
    (AT_LEAST.has(name) && (Number(actual[name]) >= Number(value) || Number(actual[name]) === UNLIMITED));
  return Object.fromEntries(Object.entries(wanted).filter((entry) => !isMet(entry)));
}

/** The topics as they should be. Retention is always explicit: it bounds how long an outage may last without loss. */
export function planTopics(config: ToolsConfig): TopicPlan[] {
  const { retentionBytes, segmentBytes } = partitionBounds(config);
  return [config.prices, config.dead_letters].map((topic): TopicPlan => ({
    topic: topic.name,
    partitions: topic.partitions,
    settings: {
      ...commonSettings(config, topic),
      'retention.bytes': String(retentionBytes),
      'segment.bytes': String(segmentBytes),
      // What is acknowledged is on two brokers, and one of three may be away.
      'min.insync.replicas': String(leastInSync(config)),
    },
  }));
}

/** Wherever the topic is. */
const commonSettings = (config: ToolsConfig, topic: ToolsConfig['prices']): Record<string, string> => ({
  'cleanup.policy': 'delete',
  'retention.ms': String(Math.round(topic.retention_hours * HOUR_MS)),
  'max.message.bytes': String(topic.max_message_bytes),
  // Else a producer's clock decides how long a record is kept, and one that is an hour ahead is refused.
  'message.timestamp.type': 'LogAppendTime',
  // To store batches otherwise than they were sent, the broker unpacks them whole, and one of 204 KB takes all its memory.
  // What the processor cannot unpack is one dead letter. Dead letters are read by kafkajs alone, which knows only gzip.
  'compression.type': topic === config.prices ? 'producer' : 'uncompressed',
});

/** What Kafka calls the one resource of that type. */
const KAFKA_CLUSTER = 'kafka-cluster';

/**
 * The least that each principal needs: Describe comes with Read and Write, and an idempotent producer needs no more
 * than Write on its topic.
 */
export function planAcls(
  config: ToolsConfig,
  { kafkaProducer, kafkaProcessor }: Pick<Users, 'kafkaProducer' | 'kafkaProcessor'>,
): AclEntry[] {
  const { TOPIC, GROUP, CLUSTER } = AclResourceTypes;
  const { READ, WRITE, DESCRIBE } = AclOperationTypes;
  return [
    allow(kafkaProducer, TOPIC, config.prices.name, WRITE),
    allow(kafkaProcessor, TOPIC, config.prices.name, READ),
    allow(kafkaProcessor, GROUP, config.consumer_group, READ),
    allow(kafkaProcessor, TOPIC, config.dead_letters.name, WRITE),
    // To see the quorum of several brokers; it changes nothing.
    ...(config.replication_factor > 1 ? [allow(kafkaProcessor, CLUSTER, KAFKA_CLUSTER, DESCRIBE)] : []),
  ];
}

/** The right that there is no use of any more, once there is one broker again. */
export const planUnneeded = (
  config: Pick<ToolsConfig, 'replication_factor'>,
  { kafkaProcessor }: Pick<Users, 'kafkaProcessor'>,
): AclEntry[] =>
  config.replication_factor > 1
    ? []
    : [allow(kafkaProcessor, AclResourceTypes.CLUSTER, KAFKA_CLUSTER, AclOperationTypes.DESCRIBE)];

function allow(
  user: string,
  resourceType: AclResourceTypes,
  resourceName: string,
  operation: AclOperationTypes,
): AclEntry {
  return {
    principal: `User:${user}`,
    host: '*',
    permissionType: AclPermissionTypes.ALLOW,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    resourceType,
    resourceName,
    operation,
  };
}

export type PartitionChange = { readonly kind: 'none' } | { readonly kind: 'grow'; readonly to: number };

/** Kafka can add partitions and never takes one away. */
export function planPartitions(topic: string, present: number, wanted: number): PartitionChange {
  if (present === wanted) return { kind: 'none' };
  if (present < wanted) return { kind: 'grow', to: wanted };
  throw new Error(
    `topic ${topic} has ${present} partitions, expected ${wanted}: Kafka cannot remove partitions; ` +
      'set the number to what the topic has, or delete the topic with its events',
  );
}

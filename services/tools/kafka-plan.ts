import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes, type AclEntry } from 'kafkajs';
import type { ToolsConfig } from './config';

const HOUR_MS = 3_600_000;

export interface TopicPlan {
  readonly topic: string;
  readonly partitions: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** The topics as they should be. Retention is always explicit: it bounds how long an outage may last without loss. */
export function planTopics(config: ToolsConfig): TopicPlan[] {
  return [config.prices, config.dead_letters].map((topic) => ({
    topic: topic.name,
    partitions: topic.partitions,
    settings: {
      'cleanup.policy': 'delete',
      'retention.ms': String(Math.round(topic.retention_hours * HOUR_MS)),
      'retention.bytes': '-1',
      'max.message.bytes': String(topic.max_message_bytes),
      // Whatever a client compresses with: kafkajs reads no lz4, snappy or zstd, and one batch would stop all consumers.
      'compression.type': 'uncompressed',
    },
  }));
}

/**
 * The least that each principal needs: Describe comes with Read and Write, and an idempotent producer needs no more
 * than Write on its topic.
 */
export function planAcls(config: ToolsConfig): AclEntry[] {
  const { TOPIC, GROUP } = AclResourceTypes;
  const { READ, WRITE } = AclOperationTypes;
  return [
    allow('producer', TOPIC, config.prices.name, WRITE),
    allow('processor', TOPIC, config.prices.name, READ),
    allow('processor', GROUP, config.consumer_group, READ),
    allow('processor', TOPIC, config.dead_letters.name, WRITE),
  ];
}

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

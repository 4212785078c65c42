import { decideHealth } from '../common/health';
import type { Reply } from '../common/http';

export interface ProcessorFacts {
  readonly version: string;
  readonly kafkaConnected: boolean;
  readonly mongodbConnected: boolean;
  readonly everReady: boolean;
  readonly stopping: boolean;
  readonly processedCount: number;
  /** What its parts say of themselves; undefined: all is well. */
  readonly problems: readonly (string | undefined)[];
  /** Partitions of this replica whose committed offset is gone from the topic. */
  readonly stoppedPartitions: readonly number[];
  /** Partitions of this replica whose committed offset is beyond the end of the topic. */
  readonly partitionsBeyondEnd: readonly number[];
  readonly lagRecords: number;
  readonly lagDegradedRecords: number;
  /** Time since the consumer last gave a sign of life. */
  readonly silentMs: number;
  readonly stuckAfterMs: number;
}

const OUT_OF_RANGE =
  'its committed offset is gone from the topic, records are lost to retention; ' +
  'to go on from the earliest that is there, set consumer.on_offset_out_of_range to earliest and deploy';

const BEYOND_END =
  'its committed offset is beyond the end of the topic, which has lost its last records, and what is accepted now would ' +
  'be passed over; scale the producer to 0, set consumer.on_offset_out_of_range to earliest and deploy: ' +
  'all that is there is read again, and stored once';

/** The answer to GET /health: its status code is for Swarm, its body for people and the CLI. */
export function processorHealth(facts: ProcessorFacts): Reply {
  const { lagRecords, lagDegradedRecords } = facts;
  const behind =
    lagRecords > lagDegradedRecords
      ? `${lagRecords} records behind, more than lag_degraded_records ${lagDegradedRecords}`
      : undefined;
  const stopped = facts.stoppedPartitions
    .filter((partition) => !facts.partitionsBeyondEnd.includes(partition))
    .map((partition) => `partition ${partition} is stopped: ${OUT_OF_RANGE}`);
  const beyond = facts.partitionsBeyondEnd.map((partition) => `partition ${partition}: ${BEYOND_END}`);
  const problems = [...facts.problems, ...stopped, ...beyond, behind].filter((text) => text !== undefined);
  const isSilent = facts.silentMs > facts.stuckAfterMs;
  const decision = decideHealth({
    everReady: facts.everReady,
    problems: [...new Set(problems)],
    stuck: isSilent ? `the consumer has given no sign for ${facts.silentMs} ms` : undefined,
    stopping: facts.stopping,
  });
  return {
    status: decision.httpStatus,
    body: {
      status: decision.status,
      kafka_connected: facts.kafkaConnected,
      mongodb_status: facts.mongodbConnected ? 'connected' : 'disconnected',
      processed_count: facts.processedCount,
      timestamp: new Date().toISOString(),
      service: 'processor',
      version: facts.version,
      reasons: decision.reasons,
    },
  };
}

import { explainSkew } from '../common/clock';
import { decideHealth } from '../common/health';
import { DISK_FULL_RATIO, findings, kafkaState, mongoState, type Finding } from '../common/health-states';
import type { Reply } from '../common/http';
import type { Quorum } from './quorum';

type Problem = string | undefined;

/** What the parts of the processor say of themselves; undefined, empty and 0: all is well. */
export interface StateFacts {
  /** Why Kafka cannot be used, as each of its users sees it. */
  readonly kafkaProblems: readonly Problem[];
  /** Why MongoDB cannot be used, as each of its users sees it. */
  readonly mongodbProblems: readonly Problem[];
  /** Replicas that lack records, by partition and broker. */
  readonly replicasBehind: readonly string[];
  /** What is missing of Kafka's quorum. */
  readonly quorumProblem: Problem;
  readonly deadLetterProblem: Problem;
  readonly commitProblem: Problem;
  readonly waitingToJoin: Problem;
  /** The group does not know this member. */
  readonly expelled: boolean;
  /** Partitions that no member of the group reads. */
  readonly unowned: readonly number[];
  /** Partitions of this replica whose committed offset is gone from the topic. */
  readonly stoppedPartitions: readonly number[];
  /** Partitions of this replica that have lost records which are committed. */
  readonly truncatedPartitions: readonly number[];
  readonly stuckPartitions: readonly { readonly partition: number; readonly lag: number; readonly forMs: number }[];
  /** By how much this clock is ahead of MongoDB's. */
  readonly clockSkewMs: number;
  /** Of MongoDB's file system, 0 to 1; undefined: not known. */
  readonly mongodbDiskRatio: number | undefined;
  readonly lagRecords: number;
  readonly lagDegradedRecords: number;
  /** What happened within the last minute. */
  readonly recent: readonly Finding[];
}

export interface ProcessorFacts extends StateFacts {
  readonly version: string;
  readonly kafkaConnected: boolean;
  readonly mongodbConnected: boolean;
  readonly everReady: boolean;
  readonly stopping: boolean;
  readonly processedCount: number;
  /** In the last minute. */
  readonly processedPerSecond: number;
  /** Name of the container. */
  readonly instance: string;
  /** Time since the consumer last gave a sign of life. */
  readonly silentMs: number;
  readonly stuckAfterMs: number;
  /** Of several brokers of this stack: who votes, and who leads them; undefined: one broker, somebody else's, or not known. */
  readonly kafkaQuorum: Quorum | undefined;
}

/** The answer to GET /health: its status code is for Swarm, its body for people and the CLI. */
export function processorHealth(facts: ProcessorFacts): Reply {
  const silentMs = Math.round(facts.silentMs);
  const decision = decideHealth({
    everReady: facts.everReady,
    findings: processorFindings(facts),
    stuck:
      facts.silentMs > facts.stuckAfterMs
        ? { state: 'consumer-silent', detail: `the consumer has given no sign for ${silentMs} ms` }
        : undefined,
    stopping: facts.stopping,
  });
  return {
    status: decision.httpStatus,
    body: {
      status: decision.status,
      kafka_connected: facts.kafkaConnected,
      mongodb_status: facts.mongodbConnected ? 'connected' : 'disconnected',
      processed_count: facts.processedCount,
      processed_per_second: facts.processedPerSecond,
      lag_records: facts.lagRecords,
      instance: facts.instance,
      timestamp: new Date().toISOString(),
      service: 'processor',
      version: facts.version,
      reasons: decision.reasons,
      states: decision.states,
      ...(facts.kafkaQuorum && {
        kafka_quorum: {
          leader: facts.kafkaQuorum.leader,
          voters: facts.kafkaQuorum.voters.map(({ broker }) => broker),
        },
      }),
    },
  };
}

/** The states that hold now, but for the one that only a restart ends. */
export function processorFindings(facts: StateFacts): Finding[] {
  const { unowned, replicasBehind, lagRecords, lagDegradedRecords, mongodbDiskRatio = 0 } = facts;
  const stopped = facts.stoppedPartitions.filter((partition) => !facts.truncatedPartitions.includes(partition));
  const known = new Set([...stopped, ...facts.truncatedPartitions]);
  const diskPercent = Math.round(mongodbDiskRatio * 100);
  return findings([
    ...facts.kafkaProblems.map((text) => [kafkaState(text ?? ''), text] as const),
    ...facts.mongodbProblems.map((text) => [mongoState(text ?? ''), text] as const),
    [
      'mongodb-disk-full',
      mongodbDiskRatio >= DISK_FULL_RATIO ? `MongoDB: its file system is used to ${diskPercent} %` : undefined,
    ],
    [
      'replica-behind',
      replicasBehind.length > 0
        ? `${replicasBehind.length} replicas are not in sync, such as ${replicasBehind[0]}`
        : undefined,
    ],
    ['quorum-incomplete', facts.quorumProblem],
    ['group-expelled', facts.expelled ? 'the consumer group does not know this replica' : undefined],
    ['group-joining', facts.waitingToJoin],
    ['partition-without-owner', unowned.length > 0 ? `no replica reads partitions ${unowned.join(', ')}` : undefined],
    ['commits-refused', facts.commitProblem],
    ['dead-letters-refused', facts.deadLetterProblem],
    ...stopped.map((partition) => ['offset-gone', `partition ${partition} is stopped: ${OFFSET_GONE}`] as const),
    ...facts.truncatedPartitions.map(
      (partition) => ['topic-truncated', `partition ${partition}: ${TRUNCATED}`] as const,
    ),
    ...facts.stuckPartitions
      .filter(({ partition }) => !known.has(partition))
      .map((stuck) => ['partition-stuck', explainStuck(stuck)] as const),
    ['clock-skewed', explainSkew(facts.clockSkewMs, 'MongoDB')],
    ...facts.recent.map(({ state, detail }) => [state, detail] as const),
    [
      'lagging',
      lagRecords > lagDegradedRecords
        ? `${lagRecords} records behind, more than lag_degraded_records ${lagDegradedRecords}`
        : undefined,
    ],
  ]);
}

const OFFSET_GONE = 'its committed offset is gone from the topic, records are lost to retention';
const TRUNCATED =
  'its log was cut or made anew, and records that the group has committed are gone from it; what is accepted now would be ' +
  'passed over';

const explainStuck = ({ partition, lag, forMs }: StateFacts['stuckPartitions'][number]): string =>
  `partition ${partition}: ${lag} records wait, and none has been committed for ${Math.round(forMs / 1_000)} s`;

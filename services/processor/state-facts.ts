import { STUCK_AFTER_MS } from '../common/health-states';
import type { KafkaWatch } from '../common/kafka-watch';
import type { RecentFindings } from '../common/recent-findings';
import type { PriceConsumer } from './consumer';
import type { DeadLetterPublisher } from './dead-letters';
import type { GroupWatch } from './group-watch';
import type { StateFacts } from './health';
import type { Lag } from './lag';
import type { MongoWatch } from './mongo-watch';
import type { QuorumWatch } from './quorum-watch';
import type { Writer } from './writer';

/** The parts of the processor that know how it is. */
export interface StateParts {
  readonly kafkaWatch: Pick<KafkaWatch, 'problem' | 'behind'>;
  /** Undefined where there is one broker, or somebody else's. */
  readonly quorumWatch: Pick<QuorumWatch, 'problem'> | undefined;
  readonly mongoWatch: Pick<MongoWatch, 'problem' | 'facts'>;
  readonly groupWatch: Pick<GroupWatch, 'expelled' | 'unowned'>;
  readonly consumer: Pick<PriceConsumer, 'problem' | 'waiting' | 'commitProblem' | 'partitions' | 'cutPartitions'>;
  readonly writer: Pick<Writer, 'problem'>;
  readonly deadLetters: Pick<DeadLetterPublisher, 'problem'>;
  readonly lag: Pick<Lag, 'beyondEnd' | 'stuck' | 'total'>;
  /** Partitions whose committed offset was gone when they were read. */
  readonly outOfRange: ReadonlySet<number>;
  readonly recent: Pick<RecentFindings, 'list'>;
  readonly lagDegradedRecords: number;
}

export function stateFacts(parts: StateParts): StateFacts {
  const { kafkaWatch, mongoWatch, groupWatch, consumer, writer, lag } = parts;
  return {
    kafkaProblems: [kafkaWatch.problem, consumer.problem],
    mongodbProblems: [mongoWatch.problem, writer.problem],
    replicasBehind: kafkaWatch.behind,
    quorumProblem: parts.quorumWatch?.problem,
    deadLetterProblem: parts.deadLetters.problem,
    commitProblem: consumer.commitProblem,
    waitingToJoin: consumer.waiting,
    expelled: groupWatch.expelled,
    unowned: groupWatch.unowned,
    // One that has moved is another replica's to tell of.
    stoppedPartitions: consumer.partitions.filter((partition) => parts.outOfRange.has(partition)),
    truncatedPartitions: [...new Set([...lag.beyondEnd, ...consumer.cutPartitions])],
    stuckPartitions: lag.stuck(STUCK_AFTER_MS),
    clockSkewMs: mongoWatch.facts?.clockSkewMs ?? 0,
    mongodbDiskRatio: mongoWatch.facts?.diskUsedRatio,
    lagRecords: lag.total,
    lagDegradedRecords: parts.lagDegradedRecords,
    recent: parts.recent.list,
  };
}

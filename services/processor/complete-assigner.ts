import { setTimeout as sleep } from 'node:timers/promises';
import { PartitionAssigners, type PartitionAssigner } from 'kafkajs';
import type { Logger } from '../common/log';

export interface CompleteAssignerOptions {
  readonly topic: string;
  /** As configured. */
  readonly partitions: number;
  /** How long a leader waits for the topic; the other members wait for it meanwhile. */
  readonly patienceMs: number;
  readonly logger: Logger;
}

const ASK_AGAIN_MS = 250;

/**
 * kafkajs's round robin, by a leader that knows all partitions. A broker that has just started may tell of none yet;
 * kafkajs 2.2.4 would then assign nothing, and looks again only when its metadata expire, after five minutes.
 *
 * A topic that has fewer partitions than configured, yet some, is assigned as it is: the watch reports that.
 */
export function completeAssigner(options: CompleteAssignerOptions): PartitionAssigner {
  const { topic, partitions, patienceMs, logger } = options;
  return (config) => {
    const { cluster } = config;
    const roundRobin = PartitionAssigners.roundRobin(config);
    const known = (): number => cluster.findTopicPartitionMetadata(topic).length;
    return {
      ...roundRobin,
      async assign(group) {
        const deadlineMs = performance.now() + patienceMs;
        while (known() < partitions && performance.now() < deadlineMs) {
          await sleep(ASK_AGAIN_MS);
          await cluster.refreshMetadata();
        }
        if (known() === 0) throw new Error(`Kafka tells of no partition of topic ${topic}, expected ${partitions}`);
        if (known() < partitions) logger.warn({ topic, partitions: known(), expected: partitions }, 'topic incomplete');
        return roundRobin.assign(group);
      },
    };
  };
}

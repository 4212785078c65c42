import type { Kafka } from 'kafkajs';
import { retryForever, type Backoff } from '../common/backoff';
import { errorText, type Logger } from '../common/log';
import { fetchCommittedOffsets, type CommittedOffset } from './group-offsets';
import { LastPrices } from './last-prices';

export interface CommittedPricesOptions {
  readonly kafka: Kafka;
  readonly group: string;
  readonly topic: string;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** The latest prices that were committed with the offsets, asked for once in each assignment of partitions. */
export class CommittedPrices {
  private offsets: Promise<ReadonlyMap<number, CommittedOffset>> | undefined;

  constructor(private readonly options: CommittedPricesOptions) {}

  /** At `offset`, where the reading begins. What was committed says nothing of the prices at an earlier one. */
  async load(partition: number, offset: string): Promise<LastPrices> {
    const { kafka, group, topic, backoff, signal, logger } = this.options;
    this.offsets ??= retryForever(() => fetchCommittedOffsets(kafka, group, topic), {
      backoff,
      signal,
      onRetry: (error, attempt) =>
        logger.warn({ reason: errorText(error), attempt }, 'committed offsets not read, repeating'),
    });
    const committed = (await this.offsets).get(partition);
    const isBehind = committed?.offset === undefined || BigInt(offset) < committed.offset;
    return LastPrices.decode(isBehind ? null : committed.metadata);
  }

  /** The partitions are assigned anew: another replica may have committed meanwhile. */
  forget(): void {
    this.offsets = undefined;
  }
}

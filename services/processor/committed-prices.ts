import type { Kafka } from 'kafkajs';
import { retryForever, type Backoff } from '../common/backoff';
import { errorText, type Logger } from '../common/log';
import { fetchCommittedOffsets, firstOffsetAfter, type CommittedOffset } from './group-offsets';
import { LastPrices } from './last-prices';
import { isCut } from './log-mark';

export interface CommittedPricesOptions {
  readonly kafka: Kafka;
  readonly group: string;
  readonly topic: string;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  readonly logger: Logger;
}

/** The topic has lost records that the group has committed, and has grown again: some in their place were never read. */
export class LogCutError extends Error {
  override readonly name = 'LogCutError';
}

interface Loaded {
  readonly offset: bigint | undefined;
  readonly last: LastPrices;
  readonly isCut: boolean;
}

/** What was committed with the offsets, asked for once in each assignment of partitions. */
export class CommittedPrices {
  private loaded = new Map<number, Promise<Loaded>>();
  private offsets: Promise<ReadonlyMap<number, CommittedOffset>> | undefined;

  constructor(private readonly options: CommittedPricesOptions) {}

  /**
   * The latest prices at `offset`, where the reading begins. What was committed says nothing of those at an earlier one.
   * Rejects with LogCutError.
   */
  async load(partition: number, offset: string): Promise<LastPrices> {
    const { last, offset: committed, isCut: cut } = await this.find(partition);
    if (committed === undefined || BigInt(offset) < committed) return LastPrices.decode(null);
    if (cut) throw new LogCutError(`partition ${partition} has lost records that are committed`);
    return last;
  }

  /** Whether the partition has lost records that are committed. The stamps of the records tell: log-mark.ts. */
  async isCut(partition: number): Promise<boolean> {
    return (await this.find(partition)).isCut;
  }

  /** The partitions are assigned anew: another replica may have committed meanwhile. */
  forget(): void {
    this.offsets = undefined;
    this.loaded = new Map();
  }

  private find(partition: number): Promise<Loaded> {
    const found = this.loaded.get(partition) ?? this.ask(partition);
    this.loaded.set(partition, found);
    return found;
  }

  private async ask(partition: number): Promise<Loaded> {
    const { kafka, group, topic } = this.options;
    this.offsets ??= this.untilAnswered(() => fetchCommittedOffsets(kafka, group, topic));
    const committed = (await this.offsets).get(partition);
    const last = LastPrices.decode(committed?.metadata);
    const { mark } = last;
    const firstLater =
      mark && (await this.untilAnswered(() => firstOffsetAfter(kafka, topic, partition, mark.latestMs)));
    return {
      last,
      offset: committed?.offset,
      isCut: mark !== undefined && firstLater !== undefined && isCut(mark, firstLater),
    };
  }

  private untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
    const { backoff, signal, logger } = this.options;
    return retryForever(ask, {
      backoff,
      signal,
      onRetry: (error, attempt) => logger.warn({ reason: errorText(error), attempt }, 'offsets not read, repeating'),
    });
  }
}

import type { FetchedMessage } from '../common/record-batches';

type Records = readonly Pick<FetchedMessage, 'batchContext'>[];

/**
 * The leader epoch of the record of each partition that was read last. A broker begins another epoch when it starts, and a
 * start may have cost the log its end: https://cwiki.apache.org/confluence/x/4oVwBQ (KIP-320). Within one epoch a log only
 * grows, so records of the same epoch follow on what was read.
 */
export class LeaderEpochs {
  private readonly lastRead = new Map<number, number>();

  /** Whether records that were fetched next are of another epoch than the last one before them. */
  isBroken(partition: number, records: Records): boolean {
    const last = this.lastRead.get(partition);
    return records.length > 0 && last !== undefined && records[0].batchContext.leaderEpoch !== last;
  }

  read(partition: number, records: Records): void {
    const last = records.at(-1);
    if (last !== undefined) this.lastRead.set(partition, last.batchContext.leaderEpoch);
  }

  /** The partitions are assigned anew: what was committed is compared with the topic then. */
  clear(): void {
    this.lastRead.clear();
  }
}

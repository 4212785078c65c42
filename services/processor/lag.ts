import type { Admin, SeekEntry } from 'kafkajs';

export interface TopicEnds {
  readonly partition: number;
  readonly low: string;
  readonly high: string;
}

/** How far the group is behind on each of some partitions, in records. */
export function lagByPartition(
  partitions: readonly number[],
  ends: readonly TopicEnds[],
  committed: readonly SeekEntry[],
): ReadonlyMap<number, number> {
  const offsets = new Map(committed.map(({ partition, offset }) => [partition, BigInt(offset)]));
  const byPartition = new Map(ends.map((end) => [end.partition, end]));
  const lags = new Map<number, number>();
  for (const partition of partitions) {
    const end = byPartition.get(partition);
    if (end === undefined) continue;
    const offset = offsets.get(partition) ?? -1n;
    const low = BigInt(end.low);
    // Nothing committed, or no longer there: everything that is there is still to be read.
    const from = offset < low ? low : offset;
    lags.set(partition, Math.max(0, Number(BigInt(end.high) - from)));
  }
  return lags;
}

/** Partitions whose committed offset is beyond the end: a broker that lost its last records, or a topic made anew. */
export function partitionsBeyondEnd(
  partitions: readonly number[],
  ends: readonly TopicEnds[],
  committed: readonly SeekEntry[],
): number[] {
  const highs = new Map(ends.map(({ partition, high }) => [partition, BigInt(high)]));
  return committed
    .filter(({ partition, offset }) => partitions.includes(partition) && BigInt(offset) > (highs.get(partition) ?? 0n))
    .map(({ partition }) => partition);
}

export interface LagOptions {
  readonly topic: string;
  readonly group: string;
  readonly partitions: () => readonly number[];
  /** Whether a partition holds nothing for this replica from a committed offset up to the end, although the end is higher. */
  readonly isReadTo: (partition: number, committed: bigint, end: bigint) => boolean;
  /** @default a clock that nobody sets */
  readonly nowMs?: () => number;
}

interface Standstill {
  readonly offset: string;
  readonly sinceMs: number;
}

/** Keeps the lag of the partitions that this replica has; `refresh` asks the broker. */
export class Lag {
  private lags: ReadonlyMap<number, number> = new Map();
  private beyond: readonly number[] = [];
  private standstills: ReadonlyMap<number, Standstill> = new Map();

  constructor(private readonly options: LagOptions) {}

  readonly refresh = async (admin: Admin): Promise<void> => {
    const { topic, group, partitions, isReadTo } = this.options;
    // In this order: the end of the topic only grows, so what is committed by now is never beyond an end asked for later.
    const [found] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const committed = found?.partitions ?? [];
    const offsets = new Map(committed.map(({ partition, offset }) => [partition, offset]));
    const ends = await admin.fetchTopicOffsets(topic);
    const lags = new Map(lagByPartition(partitions(), ends, committed));
    for (const { partition, high } of ends) {
      const offset = offsets.get(partition) ?? '-1';
      if (lags.has(partition) && isReadTo(partition, BigInt(offset), BigInt(high))) lags.set(partition, 0);
    }
    this.lags = lags;
    this.beyond = partitionsBeyondEnd(partitions(), ends, committed);
    this.standstills = this.observe(offsets);
  };

  /** Partitions with a lag, of which nothing was committed between looks that lie at least so far apart. */
  stuck(afterMs: number): { readonly partition: number; readonly lag: number; readonly forMs: number }[] {
    const nowMs = this.now();
    return [...this.standstills]
      .map(([partition, { sinceMs }]) => ({ partition, lag: this.lags.get(partition) ?? 0, forMs: nowMs - sinceMs }))
      .filter(({ forMs }) => forMs >= afterMs);
  }

  get beyondEnd(): readonly number[] {
    return this.beyond;
  }

  get byPartition(): ReadonlyMap<number, number> {
    return this.lags;
  }

  get total(): number {
    return [...this.lags.values()].reduce((sum, lag) => sum + lag, 0);
  }

  private observe(committed: ReadonlyMap<number, string>): ReadonlyMap<number, Standstill> {
    const behind = [...this.lags].filter(([, lag]) => lag > 0).map(([partition]) => partition);
    return new Map(
      behind.map((partition) => {
        const offset = committed.get(partition) ?? '-1';
        const before = this.standstills.get(partition);
        return [partition, before?.offset === offset ? before : { offset, sinceMs: this.now() }];
      }),
    );
  }

  private now(): number {
    return (this.options.nowMs ?? (() => performance.now()))();
  }
}

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

/** Keeps the lag of the partitions that this replica has; `refresh` asks the broker. */
export class Lag {
  private lags: ReadonlyMap<number, number> = new Map();
  private beyond: readonly number[] = [];

  constructor(
    private readonly options: {
      readonly topic: string;
      readonly group: string;
      readonly partitions: () => readonly number[];
    },
  ) {}

  readonly refresh = async (admin: Admin): Promise<void> => {
    const { topic, group, partitions } = this.options;
    // In this order: the end of the topic only grows, so what is committed by now is never beyond an end asked for later.
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    const ends = await admin.fetchTopicOffsets(topic);
    const facts = [partitions(), ends, committed?.partitions ?? []] as const;
    this.lags = lagByPartition(...facts);
    this.beyond = partitionsBeyondEnd(...facts);
  };

  get beyondEnd(): readonly number[] {
    return this.beyond;
  }

  get byPartition(): ReadonlyMap<number, number> {
    return this.lags;
  }

  get total(): number {
    return [...this.lags.values()].reduce((sum, lag) => sum + lag, 0);
  }
}

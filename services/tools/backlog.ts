/** What a topic still holds that a group has not committed. */

/** Offsets of a partition: `low` is the oldest record that is there, `high` the one that the next record will get. */
export interface Ends {
  readonly partition: number;
  readonly low: string;
  readonly high: string;
}

export interface Committed {
  readonly partition: number;
  /** The offset to read next; negative: the group has committed none. */
  readonly offset: string;
}

export interface Backlog {
  readonly records: number;
  readonly partitions: number;
  /** The partitions that hold some, as `2: 1,234`. */
  readonly behind: readonly string[];
}

/** As many as a person reads, and a short line holds. */
const PARTITIONS_NAMED = 20;
const NONE: Backlog = { records: 0, partitions: 0, behind: [] };

export function backlog(ends: readonly Ends[], committed: readonly Committed[]): Backlog {
  const offsets = new Map(committed.map(({ partition, offset }) => [partition, BigInt(offset)]));
  return [...ends]
    .sort((a, b) => a.partition - b.partition)
    .reduce((sum, end) => add(sum, end.partition, left(end, offsets.get(end.partition) ?? -1n)), NONE);
}

function left({ low, high }: Ends, committed: bigint): number {
  const [from, to] = [BigInt(low), BigInt(high)];
  // Beyond the end: the broker lost records, or the topic was made anew. Nobody can tell whether what is there was read.
  const next = committed < from || committed > to ? from : committed;
  return Number(to - next);
}

function add({ records, partitions, behind }: Backlog, partition: number, count: number): Backlog {
  const isNamed = count > 0 && behind.length < PARTITIONS_NAMED;
  return {
    records: records + count,
    partitions: partitions + 1,
    behind: isNamed ? [...behind, `${partition}: ${inWords(count)}`] : behind,
  };
}

export const inWords = (count: number): string => count.toLocaleString('en-US');

/** Everything that is there, read or not. */
export const recordsIn = (ends: readonly Ends[]): number =>
  ends.reduce((sum, { low, high }) => sum + Number(BigInt(high) - BigInt(low)), 0);

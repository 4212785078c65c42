import { LanePrices } from './lane-prices';
import { LastPrices } from './last-prices';
import type { SourceRecord } from './record';
import { AS_READ, type Correction, type StoredPrices } from './settle';

/** Records of one partition, in order, all of one fetch. */
export interface RecordBatch {
  readonly partition: number;
  /** Rises with each assignment of partitions: what an earlier one brought is not committed under a later one. */
  readonly generation: number;
  readonly records: readonly SourceRecord[];
  /** The offset to commit once all of them are safe. */
  readonly nextOffset: string;
  /** Of all keys and values. */
  readonly bytes: number;
}

/**
 * What a record under way takes besides its key and value: the record, its document or letter, and its part in an insert.
 * Measured by `npm run bench:memory`: 400 bytes for a dead letter, some 600 for an event, its own bytes included.
 */
const RECORD_COST_BYTES = 2_048;
/** What a batch itself takes: promises and closures. Counts while the store is away and a slow topic brings one record at a time. */
export const BATCH_COST_BYTES = 10_240;
/** A partition with less room than this part of its share takes no more, or it would be fetched again for every few records. */
const LEAST_ROOM = 1 / 4;

/** The memory that records take while they are under way, in bytes. */
export const costBytes = (records: number, bytes: number): number => records * RECORD_COST_BYTES + bytes;

export interface PipelineOptions {
  /** For all that is under way, as `costBytes` counts it. Only the last record that is taken may go beyond. */
  readonly maxPendingBytes: number;
  /** Partitions that are read now: each may take an equal part of the room, so that none has to wait for another. */
  readonly partitions: () => number;
  /** The latest prices before an offset of a partition, by what was committed. */
  readonly loadLastPrices: (partition: number, offset: string) => Promise<LastPrices>;
  /**
   * Reads the records in order into documents and dead letters, then calls `read`; resolves once all are safe.
   * Rejects only when the service stops, the generation has ended or a defect shows.
   */
  readonly process: (
    records: readonly SourceRecord[],
    last: LastPrices,
    read: () => void,
    generation: number,
  ) => Promise<StoredPrices>;
  /** Resolves once the documents have the right change. Rejects as `process` does. */
  readonly correct: (corrections: readonly Correction[], generation: number) => Promise<void>;
  readonly onDone: (batch: RecordBatch, metadata: string) => void;
  /** What follows may not be committed over a gap: the records from the committed offset on must be read again. */
  readonly onFailure: (batch: RecordBatch, error: unknown) => void;
}

interface Pending {
  records: number;
  bytes: number;
}

/** The order of one partition within one generation. */
interface Lane {
  readonly generation: number;
  failed: boolean;
  readonly prices: Promise<LanePrices>;
  newest: RecordBatch;
  /** Resolves once the batch before has been read: the next one may use the latest prices. */
  read: Promise<void>;
  /** Resolves once all before are safe; rejects once one of them has failed. */
  done: Promise<void>;
}

/**
 * Lets the next records be fetched and read while the last ones are written: kafkajs fetches nothing more as long as a
 * batch is being handled. A batch is done only after all that were before it on its partition.
 */
export class Pipeline {
  private readonly lanes = new Map<number, Lane>();
  private readonly pending = new Map<number, Pending>();
  /** Of all that is under way, as `costBytes` counts it. */
  pendingBytes = 0;
  private readonly running = new Set<Promise<void>>();
  private readonly waiters = new Map<number, (() => void)[]>();

  constructor(private readonly options: PipelineOptions) {}

  /** How much more a partition takes besides what will be submitted of others, in bytes as `costBytes` counts them. */
  roomBytes(partition: number, submittedSoon = 0): number {
    const left = this.options.maxPendingBytes - this.pendingBytes - submittedSoon;
    return Math.min(this.shareBytes - (this.pending.get(partition)?.bytes ?? 0), left);
  }

  isFull(partition: number): boolean {
    return this.roomBytes(partition) < this.shareBytes * LEAST_ROOM;
  }

  get pendingRecords(): number {
    return [...this.pending.values()].reduce((sum, { records }) => sum + records, 0);
  }

  /** Resolves once the partition is not full. */
  whenRoom(partition: number): Promise<void> {
    if (!this.isFull(partition)) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.set(partition, [...(this.waiters.get(partition) ?? []), resolve]);
    });
  }

  /** Takes a batch, for which the caller has asked whether there is room, and returns at once. */
  submit(batch: RecordBatch): void {
    this.pend(batch, 1);
    const work = this.run(batch).finally(() => {
      this.pend(batch, -1);
      this.running.delete(work);
      this.wakeWaiters();
    });
    this.running.add(work);
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private get shareBytes(): number {
    return this.options.maxPendingBytes / Math.max(1, this.options.partitions());
  }

  /** Room of one partition may be room for all: there is a bound for what they have together. */
  private wakeWaiters(): void {
    for (const [partition, resolves] of this.waiters) {
      if (this.isFull(partition)) continue;
      this.waiters.delete(partition);
      for (const resolve of resolves) resolve();
    }
  }

  private pend({ partition, records, bytes }: RecordBatch, sign: 1 | -1): void {
    const pending = this.pending.get(partition) ?? { records: 0, bytes: 0 };
    const cost = sign * (BATCH_COST_BYTES + costBytes(records.length, bytes));
    pending.records += sign * records.length;
    pending.bytes += cost;
    this.pendingBytes += cost;
    this.pending.set(partition, pending);
  }

  private async run(batch: RecordBatch): Promise<void> {
    const lane = this.laneOf(batch);
    lane.newest = batch;
    const before = { read: lane.read, done: lane.done };
    let read = (): void => undefined;
    lane.read = new Promise<void>((resolve) => (read = resolve));
    lane.done = this.work(batch, lane, before, read);
    try {
      await lane.done;
    } catch (error) {
      lane.failed = true;
      this.options.onFailure(batch, error);
    } finally {
      read();
    }
  }

  private async work(
    batch: RecordBatch,
    lane: Lane,
    before: Pick<Lane, 'read' | 'done'>,
    read: () => void,
  ): Promise<void> {
    const prices = await lane.prices;
    await before.read;
    // What this one would take for the latest prices is not what it is.
    if (lane.failed) return before.done;
    const last = prices.read;
    let asRead = '';
    const onRead = (): void => {
      last.passed(batch.records);
      asRead = last.encode();
      read();
    };
    let stored = AS_READ;
    const safe = this.options
      .process(batch.records, last, onRead, batch.generation)
      .then((result) => void (stored = result));
    await Promise.all([safe, before.done]);
    const { metadata, corrections } = prices.settle(batch.records, stored, asRead, lane.newest === batch);
    if (corrections.length > 0) await this.options.correct(corrections, batch.generation);
    this.options.onDone(batch, metadata);
  }

  private laneOf(batch: RecordBatch): Lane {
    const { partition, generation, records, nextOffset } = batch;
    const present = this.lanes.get(partition);
    const offset = records[0]?.offset ?? nextOffset;
    const isSame = present?.generation === generation;
    if (isSame && BigInt(offset) >= BigInt(present.newest.nextOffset)) return present;
    // What was known of the prices is of a later place when the reading has gone back to the earliest record.
    const last =
      offset === '0' ? Promise.resolve(LastPrices.fromStart()) : this.options.loadLastPrices(partition, offset);
    const lane: Lane = {
      generation,
      failed: false,
      prices: last.then((loaded) => LanePrices.of(loaded)),
      newest: batch,
      read: isSame ? present.read : Promise.resolve(),
      done: isSame ? present.done : Promise.resolve(),
    };
    this.lanes.set(partition, lane);
    return lane;
  }
}

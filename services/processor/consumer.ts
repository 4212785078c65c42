import type { EachBatchPayload } from 'kafkajs';
import { guardFetch, type Admission } from '../common/kafka-fetch-guard';
import { errorText } from '../common/log';
import { Committer, type Position } from './committer';
import { CommittedPrices, LogCutError } from './committed-prices';
import { fromFetch, MAX_PART_RECORDS } from './fetched';
import { GroupMember, RESTART, type GroupMemberOptions } from './group-member';
import type { Membership } from './group-watch';
import type { LagOptions } from './lag';
import { LastPrices } from './last-prices';
import { BATCH_COST_BYTES, costBytes, Pipeline, type RecordBatch } from './pipeline';
import type { SourceRecord } from './record';
import type { Correction, StoredPrices } from './settle';

/** Of records under way, as costBytes counts them: some 4,000 small ones of each of six partitions, four inserts. */
export const MAX_PENDING_BYTES = 56 * 1024 * 1024;
/** Of one answer of the broker, all partitions together. */
const MAX_FETCH_BYTES = 1024 * 1024;
/** Of a batch that another program has compressed; the producer of this project compresses nothing. */
const MAX_UNPACKED_BYTES = 4 * 1024 * 1024;
const COMMIT_INTERVAL_MS = 50;

export interface ConsumerOptions extends Omit<GroupMemberOptions, 'onBatch' | 'onUnassigned'> {
  /** Ends the waiting for what cannot be had, when the service stops. */
  readonly signal: AbortSignal;
  /** As in PipelineOptions. What is no longer current cannot be committed, and is read again by whoever has it now. */
  readonly process: (
    records: readonly SourceRecord[],
    last: LastPrices,
    read: () => void,
    isCurrent: () => boolean,
  ) => Promise<StoredPrices>;
  /** The topic has lost records that are committed: read all that is there again, or leave the partition as it is. */
  readonly onLogCut: (partition: number) => 'reset' | 'stay';
  readonly correct: (corrections: readonly Correction[], isCurrent: () => boolean) => Promise<void>;
}

/** Reads the topic, hands on batches, and commits an offset only after its record is safe. */
export class PriceConsumer {
  private generation = 0;
  private commitOffsets: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  private readonly member: GroupMember;
  /** Partitions that are paused until there is room. */
  private readonly withoutRoom = new Set<number>();
  private readonly committedPrices: CommittedPrices;
  private readonly cut = new Set<number>();
  private readonly committer: Committer;
  private readonly pipeline: Pipeline;

  constructor(private readonly options: ConsumerOptions) {
    this.member = new GroupMember({
      ...options,
      onBatch: (payload) => this.handle(payload),
      onUnassigned: () => this.unassigned(),
    });
    this.committedPrices = new CommittedPrices({ ...options, backoff: RESTART });
    this.committer = new Committer({
      intervalMs: COMMIT_INTERVAL_MS,
      logger: options.logger,
      commit: (positions) => this.commit(positions),
      onExpelled: (error) => this.member.replace(error),
    });
    this.pipeline = new Pipeline({
      maxPendingBytes: MAX_PENDING_BYTES,
      partitions: () => this.member.assigned.size,
      loadLastPrices: (partition, offset) => this.committedPrices.load(partition, offset),
      process: (records, last, read, generation) =>
        options.process(records, last, read, () => generation === this.generation),
      correct: (corrections, generation) => options.correct(corrections, () => generation === this.generation),
      onDone: (batch, metadata) => this.done(batch, metadata),
      onFailure: (batch, error) => this.failed(batch, error),
    });
    guardFetch({
      topic: options.topic,
      maxBytes: MAX_FETCH_BYTES,
      maxUnpackedBytes: MAX_UNPACKED_BYTES,
      admit: () => this.admission(),
    });
  }

  get problem(): string | undefined {
    return this.member.problem;
  }

  get waiting(): string | undefined {
    return this.member.waiting;
  }

  get commitProblem(): string | undefined {
    return this.committer.problem;
  }

  get pendingRecords(): number {
    return this.pipeline.pendingRecords;
  }

  /** The memory that they take, as it is counted: what bounds it. */
  get pendingBytes(): number {
    return this.pipeline.pendingBytes;
  }

  get silentMs(): number {
    return this.member.silentMs;
  }

  readonly isReadTo: LagOptions['isReadTo'] = (...position) => this.member.isReadTo(...position);

  get membership(): Membership {
    return this.member.membership;
  }

  /** Partitions that this replica reads now. */
  get partitions(): readonly number[] {
    return [...this.member.assigned];
  }

  /** Partitions of this replica that have lost records which are committed, and are not read. */
  get cutPartitions(): readonly number[] {
    return [...this.cut];
  }

  /** Also while a partition brings nothing; once in each assignment. */
  async lookForCuts(): Promise<void> {
    const { generation } = this;
    for (const partition of this.partitions) {
      if ((await this.committedPrices.isCut(partition)) && generation === this.generation) this.stopCut(partition);
    }
  }

  start(): void {
    this.member.start();
  }

  /** Takes no more records, finishes the batches under way, commits them and leaves the group. */
  async stop(): Promise<void> {
    this.member.drain();
    await this.pipeline.idle();
    await this.committer.close();
    await this.member.leave();
  }

  pausePartition(partition: number): void {
    this.member.pausePartition(partition);
  }

  private unassigned(): void {
    this.generation += 1;
    this.cut.clear();
    this.commitOffsets = undefined;
    // The next consumer knows nothing of pauses.
    this.withoutRoom.clear();
    this.committedPrices.forget();
    this.committer.discard();
  }

  /** What one answer may bring of each partition; what is beyond is fetched again. */
  private admission(): (partition: number) => Admission | undefined {
    const { pipeline } = this;
    // Of all its partitions, which are submitted only when the last of them is decoded.
    let admitted = 0;
    return (partition) => {
      if (this.member.draining) return undefined;
      if (pipeline.isFull(partition)) {
        this.waitForRoom(partition);
        return undefined;
      }
      const room = pipeline.roomBytes(partition, admitted);
      let records = 0;
      let cost = 0;
      return (bytes) => {
        const more = costBytes(1, bytes) + (records % MAX_PART_RECORDS === 0 ? BATCH_COST_BYTES : 0);
        // One that is larger than all the room still comes, alone.
        if (records > 0 && cost + more > room) return false;
        records += 1;
        cost += more;
        admitted += more;
        return true;
      };
    };
  }

  private handle({ batch, resolveOffset, commitOffsetsIfNecessary, isStale }: EachBatchPayload): void {
    const { partition } = batch;
    this.commitOffsets = commitOffsetsIfNecessary;
    if (this.member.draining || isStale() || !this.member.assigned.has(partition)) return;
    for (const part of fromFetch(batch)) this.pipeline.submit({ ...part, generation: this.generation });
    // What is fetched next; what is committed is another matter.
    resolveOffset(batch.lastOffset());
    if (this.pipeline.isFull(partition)) this.waitForRoom(partition);
  }

  /** The other partitions go on meanwhile. */
  private waitForRoom(partition: number): void {
    if (this.withoutRoom.has(partition) || this.member.draining) return;
    this.withoutRoom.add(partition);
    this.member.pausePartition(partition);
    void this.pipeline.whenRoom(partition).then(() => {
      this.withoutRoom.delete(partition);
      if (!this.member.draining) this.member.resumePartition(partition);
    });
  }

  private done({ generation, partition, nextOffset: offset }: RecordBatch, metadata: string): void {
    this.member.sign();
    // The records are safe; what is read next on this partition is decided by whoever has it now.
    if (generation !== this.generation || !this.member.assigned.has(partition)) return;
    this.committer.note({ partition, offset, metadata });
  }

  private failed({ generation, partition }: RecordBatch, error: unknown): void {
    if (this.member.draining || generation !== this.generation) return;
    if (error instanceof LogCutError) return this.stopCut(partition);
    this.options.logger.error({ reason: errorText(error), partition }, 'batch failed, reading it again');
    this.member.replace(error);
  }

  /** To read all again, the earliest offset is committed before another consumer begins there. */
  private stopCut(partition: number): void {
    if (this.cut.has(partition)) return;
    this.cut.add(partition);
    this.member.pausePartition(partition);
    if (this.options.onLogCut(partition) === 'stay') return;
    if (this.commitOffsets === undefined) {
      // Nothing was fetched yet, and only then can be committed: it is looked for again.
      this.cut.delete(partition);
      return;
    }
    const again = new LogCutError(`partition ${partition} is read again from its earliest record`);
    this.commit([{ partition, offset: '0', metadata: '' }]).then(
      () => this.member.replace(again),
      (error: unknown) => this.member.replace(error),
    );
  }

  /**
   * One attempt, as it stands in a batch: the consumer's own `commitOffsets` repeats by itself for a minute, perhaps under
   * a later assignment, and says nothing when it is stopped.
   */
  private async commit(positions: readonly Position[]): Promise<void> {
    const topics = [{ topic: this.options.topic, partitions: [...positions] }];
    await this.commitOffsets?.({ topics });
  }
}

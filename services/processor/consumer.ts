import type { EachBatchPayload } from 'kafkajs';
import { errorText } from '../common/log';
import { Committer, type Position } from './committer';
import { CommittedPrices, LogCutError } from './committed-prices';
import { fromFetch } from './fetched';
import { GroupMember, RESTART, type GroupMemberOptions } from './group-member';
import type { Membership } from './group-watch';
import type { LagOptions } from './lag';
import { LastPrices } from './last-prices';
import { Pipeline, type RecordBatch } from './pipeline';
import type { SourceRecord } from './record';
import type { Correction, StoredPrices } from './settle';

/** Four inserts of one partition; some 5 MB of records and documents. */
const MAX_PENDING_RECORDS = 4_000;
/** Of each partition; some 10 KB each besides its records, and at the least 4 s of fetches. */
const MAX_PENDING_BATCHES = 400;
/** Parts of fetches that keep the broker's answer in memory, of each partition; with more under way they are copied. */
const MAX_PINNED_PARTS = 8;
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
      maxPendingRecords: MAX_PENDING_RECORDS,
      maxPendingBytes: options.maxBytesPerPartition,
      maxPendingBatches: MAX_PENDING_BATCHES,
      loadLastPrices: (partition, offset) => this.committedPrices.load(partition, offset),
      process: (records, last, read, generation) =>
        options.process(records, last, read, () => generation === this.generation),
      correct: (corrections, generation) => options.correct(corrections, () => generation === this.generation),
      onDone: (batch, metadata) => this.done(batch, metadata),
      onFailure: (batch, error) => this.failed(batch, error),
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
    this.committedPrices.forget();
    this.committer.discard();
  }

  private handle({ batch, resolveOffset, commitOffsetsIfNecessary, pause, isStale }: EachBatchPayload): void {
    const { partition } = batch;
    this.commitOffsets = commitOffsetsIfNecessary;
    if (this.member.draining || isStale() || !this.member.assigned.has(partition)) return;
    if (!this.pipeline.isFull(partition)) {
      const copied = this.pipeline.pendingBatches(partition) >= MAX_PINNED_PARTS;
      for (const part of fromFetch(batch, copied)) this.pipeline.submit({ ...part, generation: this.generation });
      // What is fetched next; what is committed is another matter.
      resolveOffset(batch.lastOffset());
    }
    if (!this.pipeline.isFull(partition)) return;
    // The other partitions go on meanwhile.
    const resume = pause();
    void this.pipeline.whenRoom(partition).then(() => {
      if (!this.member.draining) resume();
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

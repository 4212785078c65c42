import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { jitteredDelayMs } from '../common/backoff';
import { errorText, type Logger } from '../common/log';
import { Committer, type Position } from './committer';
import { CommittedPrices } from './committed-prices';
import { fromFetch } from './fetched';
import { fetchCommittedOffsets } from './group-offsets';
import { LastPrices } from './last-prices';
import { Pacer } from './pacer';
import { Pipeline, type RecordBatch } from './pipeline';
import type { SourceRecord } from './record';

const RESTART = { baseMs: 250, maxMs: 5_000 };
const HEARTBEAT_INTERVAL_MS = 3_000;
/** Four inserts of one partition; some 5 MB of records and documents. */
const MAX_PENDING_RECORDS = 4_000;
/** Parts of fetches that keep the broker's answer in memory, of each partition; with more under way they are copied. */
const MAX_PINNED_PARTS = 8;
const COMMIT_INTERVAL_MS = 50;
const LEAVE_TIMEOUT_MS = 2_000;

export interface ConsumerOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly maxWaitMs: number;
  readonly maxBytesPerPartition: number;
  readonly logger: Logger;
  /** Ends the waiting for what cannot be had, when the service stops. */
  readonly signal: AbortSignal;
  /** As in PipelineOptions. What is no longer current cannot be committed, and is read again by whoever has it now. */
  readonly process: (
    records: readonly SourceRecord[],
    last: LastPrices,
    read: () => void,
    isCurrent: () => boolean,
  ) => Promise<void>;
}

/**
 * Reads the topic, hands on batches, and commits an offset only after its record is safe. A kafkajs consumer that
 * crashes is replaced here, so that there is one place that restarts, waits and tells why.
 */
export class PriceConsumer {
  private consumer: Consumer | undefined;
  private loop: Promise<void> | undefined;
  private assigned: ReadonlySet<number> = new Set();
  private generation = 0;
  private readonly committedPrices: CommittedPrices;
  private fail: (error: unknown) => void = () => undefined;
  private lastSignMs = Date.now();
  private draining = false;
  private readonly stopping = new AbortController();
  private readonly pipeline: Pipeline;
  private readonly committer: Committer;
  private joined = false;
  private readonly pacer = new Pacer();
  private commitOffsets: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  problem: string | undefined = 'not yet connected to Kafka';

  constructor(private readonly options: ConsumerOptions) {
    this.committedPrices = new CommittedPrices({ ...options, backoff: RESTART });
    this.committer = new Committer({
      intervalMs: COMMIT_INTERVAL_MS,
      logger: options.logger,
      commit: (positions) => this.commit(positions),
    });
    this.pipeline = new Pipeline({
      maxPendingRecords: MAX_PENDING_RECORDS,
      maxPendingBytes: options.maxBytesPerPartition,
      loadLastPrices: (partition) => this.committedPrices.load(partition),
      process: (records, last, read, generation) =>
        options.process(records, last, read, () => generation === this.generation),
      onDone: (batch, metadata) => this.done(batch, metadata),
      onFailure: (batch, error) => this.failed(batch, error),
    });
  }

  /** Connected, yet reading nothing: after a crash, members that are gone hold the group until their session ends. */
  get waiting(): string | undefined {
    return this.problem === undefined && !this.joined ? `waiting to join the group ${this.options.group}` : undefined;
  }

  get commitProblem(): string | undefined {
    return this.committer.problem;
  }

  get pendingRecords(): number {
    return this.pipeline.pendingRecords;
  }

  /** Partitions that this replica reads now. */
  get partitions(): readonly number[] {
    return [...this.assigned];
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** Takes no more records, finishes the batches under way, commits them and leaves the group. */
  async stop(): Promise<void> {
    this.draining = true;
    // Not kafkajs's own `stop()` yet: once that is called, it drops commits without a word.
    if (this.joined) this.pauseAll();
    await this.pipeline.idle();
    await this.committer.close();
    this.stopping.abort();
    const left = Promise.all([this.joined ? this.consumer?.stop() : undefined, this.loop]);
    // A join under way waits for members that are gone, longer than a drain may take, and kafkajs waits for its answer
    // even to disconnect. By now nothing is left to lose: the end of the process ends it.
    await Promise.race([left, sleep(LEAVE_TIMEOUT_MS, undefined, { ref: false })]);
  }

  private pauseAll(): void {
    try {
      this.consumer?.pause([{ topic: this.options.topic }]);
    } catch (error) {
      // It has crashed and has not said so yet: then it reads nothing either, and what is under way can still end.
      this.options.logger.debug({ error: errorText(error) }, 'pause');
    }
  }

  /** Stops the reading of one partition, until the process starts anew. */
  pausePartition(partition: number): void {
    this.consumer?.pause([{ topic: this.options.topic, partitions: [partition] }]);
  }

  /** Time since kafkajs last gave any sign of life: a fetch, a heartbeat, a crash. */
  get silentMs(): number {
    return Date.now() - this.lastSignMs;
  }

  private readonly sign = (): void => {
    this.lastSignMs = Date.now();
  };

  private async run(): Promise<void> {
    for (let attempt = 0; !this.draining; attempt += 1) {
      const startedAt = Date.now();
      try {
        await this.consumeUntilCrash();
      } catch (error) {
        this.problem = `Kafka consumer: ${errorText(error)}`;
        if (!this.draining) {
          this.options.logger.warn({ reason: this.problem, attempt }, 'consumer ended, starting another');
        }
      }
      this.sign();
      if (Date.now() - startedAt > this.options.sessionTimeoutMs) attempt = 0;
      const delayMs = jitteredDelayMs(attempt, RESTART);
      await sleep(delayMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
    }
  }

  private async consumeUntilCrash(): Promise<void> {
    const { topic, maxWaitMs, maxBytesPerPartition, sessionTimeoutMs, group } = this.options;
    // Joining can wait for members that are gone; whether the group and the topic may be read is known at once.
    await fetchCommittedOffsets(this.options.kafka, group, topic);
    const consumer = this.options.kafka.consumer({
      groupId: group,
      sessionTimeout: sessionTimeoutMs,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      maxWaitTimeInMs: maxWaitMs,
      minBytes: 1,
      maxBytesPerPartition,
      allowAutoTopicCreation: false,
      retry: { initialRetryTime: 100, maxRetryTime: 1_500, retries: 6, restartOnFailure: async () => false },
    });
    const crash = this.observe(consumer);
    this.consumer = consumer;
    try {
      await consumer.connect();
      // The default is "latest", which skips what was written before the group first came.
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      this.problem = undefined;
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.options.partitions,
        eachBatch: async (payload) => {
          this.handle(payload);
          await this.pacer.wait();
        },
      });
      if (this.stopping.signal.aborted) await consumer.stop();
      else await Promise.race([crash, this.stopped()]);
    } finally {
      this.leave();
      await consumer
        .disconnect()
        .catch((error) => this.options.logger.debug({ error: errorText(error) }, 'disconnect'));
    }
  }

  /** Notes assignments, signs of life and the crash of a consumer; the promise rejects when it has to be replaced. */
  private observe(consumer: Consumer): Promise<never> {
    const { FETCH_START, FETCH, HEARTBEAT, CONNECT, REBALANCING, GROUP_JOIN, CRASH } = consumer.events;
    consumer.on(FETCH_START, this.pacer.fetchStarted);
    for (const event of [FETCH, HEARTBEAT, CONNECT, REBALANCING] as const) consumer.on(event, this.sign);
    consumer.on(GROUP_JOIN, ({ payload }) => {
      this.sign();
      this.assign(payload.memberAssignment[this.options.topic] ?? []);
    });
    const crash = new Promise<never>((_, reject) => {
      this.fail = reject;
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
    });
    // A crash during run() is awaited only afterwards; until then nobody listens.
    crash.catch(() => undefined);
    return crash;
  }

  private assign(partitions: readonly number[]): void {
    this.leave();
    this.joined = true;
    this.assigned = new Set(partitions);
    this.options.logger.info({ partitions }, 'joined the group');
  }

  private leave(): void {
    this.generation += 1;
    this.joined = false;
    this.assigned = new Set();
    this.committedPrices.forget();
    this.committer.discard();
  }

  private stopped(): Promise<void> {
    return new Promise((resolve) => this.stopping.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  private handle({ batch, resolveOffset, commitOffsetsIfNecessary, pause, isStale }: EachBatchPayload): void {
    this.sign();
    const { partition } = batch;
    this.pacer.note(batch.messages.length);
    this.commitOffsets = commitOffsetsIfNecessary;
    if (this.draining || isStale() || !this.assigned.has(partition)) return;
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
      if (!this.draining) resume();
    });
  }

  private done({ generation, partition, nextOffset: offset }: RecordBatch, metadata: string): void {
    this.sign();
    // The records are safe; what is read next on this partition is decided by whoever has it now.
    if (generation !== this.generation || !this.assigned.has(partition)) return;
    this.committer.note({ partition, offset, metadata });
  }

  private failed({ generation, partition }: RecordBatch, error: unknown): void {
    if (this.draining || generation !== this.generation) return;
    this.options.logger.error({ reason: errorText(error), partition }, 'batch failed, reading it again');
    this.fail(error);
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

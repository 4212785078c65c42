import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { jitteredDelayMs } from '../common/backoff';
import { errorText, type Logger } from '../common/log';
import type { SourceRecord } from './record';

const RESTART = { baseMs: 250, maxMs: 5_000 };
const HEARTBEAT_INTERVAL_MS = 3_000;

export interface ConsumerOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly group: string;
  readonly sessionTimeoutMs: number;
  readonly maxWaitMs: number;
  readonly maxBytesPerPartition: number;
  readonly logger: Logger;
  /** Resolves once every record is stored or dead-lettered; rejects only when the service stops. */
  readonly process: (records: readonly SourceRecord[]) => Promise<void>;
  readonly onLag?: (partition: number, lag: number) => void;
}

/**
 * Reads the topic, hands on batches, and commits an offset only after its record is safe. A kafkajs consumer that
 * crashes is replaced here, so that there is one place that restarts, waits and tells why.
 */
export class PriceConsumer {
  private consumer: Consumer | undefined;
  private loop: Promise<void> | undefined;
  private assigned: ReadonlySet<number> = new Set();
  private lastSignMs = Date.now();
  private readonly stopping = new AbortController();
  private joined = false;
  problem: string | undefined = 'not yet connected to Kafka';

  constructor(private readonly options: ConsumerOptions) {}

  /** Connected, yet reading nothing: after a crash, members that are gone hold the group until their session ends. */
  get waiting(): string | undefined {
    return this.problem === undefined && !this.joined ? `waiting to join the group ${this.options.group}` : undefined;
  }

  start(): void {
    this.loop ??= this.run();
  }

  /** Finishes the batches under way, commits them and leaves the group. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.consumer?.stop();
    await this.loop;
  }

  /** Time since kafkajs last gave any sign of life: a fetch, a heartbeat, a crash. */
  get silentMs(): number {
    return Date.now() - this.lastSignMs;
  }

  /** Tells that work goes on although kafkajs is silent, as while a write is repeated. */
  readonly sign = (): void => {
    this.lastSignMs = Date.now();
  };

  private async run(): Promise<void> {
    for (let attempt = 0; !this.stopping.signal.aborted; attempt += 1) {
      const startedAt = Date.now();
      try {
        await this.consumeUntilCrash();
      } catch (error) {
        this.problem = `Kafka consumer: ${errorText(error)}`;
        if (!this.stopping.signal.aborted) {
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
    await this.assertAuthorised();
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
      // The default is "latest", which on a lost offset skips what was not read.
      await consumer.subscribe({ topics: [topic], fromBeginning: true });
      this.problem = undefined;
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.options.partitions,
        eachBatch: (payload) => this.handle(payload),
      });
      if (this.stopping.signal.aborted) await consumer.stop();
      else await Promise.race([crash, this.stopped()]);
    } finally {
      this.joined = false;
      this.assigned = new Set();
      await consumer
        .disconnect()
        .catch((error) => this.options.logger.debug({ error: errorText(error) }, 'disconnect'));
    }
  }

  /** Joining can wait for members that are gone; whether the group and the topic may be read is known at once. */
  private async assertAuthorised(): Promise<void> {
    const admin = this.options.kafka.admin({ retry: { retries: 1 } });
    try {
      await admin.connect();
      await admin.fetchOffsets({ groupId: this.options.group, topics: [this.options.topic] });
    } finally {
      await admin.disconnect();
    }
  }

  /** Rejects when the consumer crashes; notes its assignment and its signs of life on the way. */
  private observe(consumer: Consumer): Promise<never> {
    const { FETCH, HEARTBEAT, CONNECT, REBALANCING, GROUP_JOIN, CRASH } = consumer.events;
    consumer.on(FETCH, this.sign);
    consumer.on(HEARTBEAT, this.sign);
    consumer.on(CONNECT, this.sign);
    consumer.on(REBALANCING, this.sign);
    consumer.on(GROUP_JOIN, ({ payload }) => {
      this.sign();
      this.joined = true;
      this.assigned = new Set(payload.memberAssignment[this.options.topic] ?? []);
      this.options.logger.info({ partitions: [...this.assigned] }, 'joined the group');
    });
    const crash = new Promise<never>((_, reject) => {
      consumer.on(CRASH, ({ payload }) => reject(payload.error));
    });
    // A crash during run() is awaited only afterwards; until then nobody listens.
    crash.catch(() => undefined);
    return crash;
  }

  private stopped(): Promise<void> {
    return new Promise((resolve) => this.stopping.signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  private async handle(payload: EachBatchPayload): Promise<void> {
    const { batch, heartbeat, resolveOffset, commitOffsetsIfNecessary, isStale } = payload;
    if (isStale()) return;
    this.sign();
    const { topic, partition } = batch;
    const records = batch.messages.map(({ key, value, offset }) => ({ topic, partition, offset, key, value }));
    // Keeps the membership while a write is repeated. A rebalance that it reports is met by the commit below.
    const beat = setInterval(() => void heartbeat().then(this.sign, () => undefined), HEARTBEAT_INTERVAL_MS);
    try {
      await this.options.process(records);
    } finally {
      clearInterval(beat);
    }
    if (!this.assigned.has(partition)) {
      this.options.logger.info({ partition }, 'partition moved to another member, offset left to it');
      return;
    }
    const offset = nextOffset(batch.lastOffset());
    await commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] });
    resolveOffset(batch.lastOffset());
    this.options.onLag?.(partition, Number(BigInt(batch.highWatermark) - BigInt(offset)));
  }
}

/** What is committed is the offset to read next. */
export const nextOffset = (lastOffset: string): string => (BigInt(lastOffset) + 1n).toString();

import { setTimeout as sleep } from 'node:timers/promises';
import { Partitioners, type Kafka, type Producer, type RecordMetadata } from 'kafkajs';
import { jitteredDelayMs } from '../common/backoff';
import { Coalescer, QueueFullError } from '../common/coalescer';
import type { PriceEvent } from '../common/event';
import { errorText, type Logger } from '../common/log';
import { clockSkewMs, explainRefusedTime, isTimeRefused } from './broker-clock';

/**
 * How long events wait for Kafka after a send has failed, those that come meanwhile included: as long as other brokers need to
 * take over from one that is gone, or the only one to start again. A request waits longer (`http.answer_timeout_ms`).
 */
export const PATIENCE_MS = 10_000;
/** Short beside the time that a broker takes to start: what it adds to that is time in which nothing is accepted. */
const RECONNECT = { baseMs: 250, maxMs: 2_000 };
const ALL_REPLICAS = -1;
/** As long as Kafka's own producer lingers (linger.ms of Kafka 4), yet only while it is busy. */
const BUSY_INTERVAL_MS = 5;
/** Of kafkajs itself. */
const RESEND = { initialRetryTime: 100, multiplier: 2, maxRetryTime: 500 };
/**
 * With other brokers for 3 s at the least: one that leads now is there at any moment. To the only one a new producer is as good,
 * after a first attempt on a new connection, by which the broker knows a repetition.
 */
const RESENDS = { ofSeveral: 8, ofOne: 1 };
/** The least time after which kafkajs repeats a send: `initialRetryTime`, less its factor of 0.2. */
const FIRST_ATTEMPT_MS = 80;

/** Kafka cannot be reached: nothing was sent. */
export class KafkaUnavailableError extends Error {
  override readonly name = 'KafkaUnavailableError';
}

/** The send failed on the way: the events may or may not be on the topic. */
export class OutcomeUnknownError extends Error {
  override readonly name = 'OutcomeUnknownError';
}

export interface PublisherOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitionOf: (event: PriceEvent) => number;
  readonly maxQueuedEvents: number;
  readonly maxBatchEvents: number;
  /** Whether another broker may take over from one that is gone. @default false */
  readonly hasOtherBrokers?: boolean;
  /** @default PATIENCE_MS */
  readonly patienceMs?: number;
  readonly logger: Logger;
  readonly onBatch?: (size: number, seconds: number) => void;
  readonly onConnect?: (result: 'connected' | 'failed') => void;
  readonly onSendFailed?: () => void;
}

/** After the last refusal for want of room, the queue counts as full this long: health is asked every few seconds. */
const FULL_FOR_MS = 10_000;

/**
 * Sends events in batches, one in flight. After a failed send the kafkajs producer is thrown away: its sequence
 * numbers were rolled back, and had the batch arrived after all, the broker would take the next one for a repetition
 * and drop it while acknowledging it. The batch is sent again by the next producer: had it arrived, its events are on the topic
 * twice, and their ids keep them from being stored twice.
 */
export class Publisher {
  private producer: Producer | undefined;
  private connecting: Promise<void> | undefined;
  private readonly stopping = new AbortController();
  private readonly queue: Coalescer<readonly PriceEvent[]>;
  private refusedAtMs = Number.NEGATIVE_INFINITY;
  /** Of the first send that failed since the last one that did not. */
  private failedAtMs: number | undefined;
  /** Events that Kafka has acknowledged since the start. */
  acknowledged = 0;
  /** By how much this clock was ahead of the broker's, at the least, when it last stamped a record; 0 if it is not known. */
  clockSkewMs = 0;
  problem: string | undefined = 'not yet connected to Kafka';

  constructor(private readonly options: PublisherOptions) {
    this.queue = new Coalescer({
      maxBatchWeight: options.maxBatchEvents,
      maxQueuedWeight: options.maxQueuedEvents,
      busyIntervalMs: BUSY_INTERVAL_MS,
      weigh: (events) => events.length,
      flush: (groups) => this.send(groups.flat()),
    });
  }

  start(): void {
    this.connecting ??= this.connect().finally(() => (this.connecting = undefined));
  }

  get connected(): boolean {
    return this.producer !== undefined;
  }

  get queued(): number {
    return this.queue.queuedWeight;
  }

  get inFlightMs(): number {
    return this.queue.inFlightMs;
  }

  /** True while there is no room, and for a while after there was none for somebody. */
  get full(): boolean {
    const refusedLately = performance.now() - this.refusedAtMs < FULL_FOR_MS;
    return refusedLately || this.queued >= this.options.maxQueuedEvents;
  }

  /**
   * Resolves once every replica has the events; they share one batch. Rejects with QueueFullError,
   * KafkaUnavailableError or OutcomeUnknownError.
   */
  async publish(events: readonly PriceEvent[]): Promise<void> {
    if (this.producer === undefined && this.patienceLeftMs <= 0) throw new KafkaUnavailableError(this.problem);
    try {
      await this.queue.submit(events);
    } catch (error) {
      if (error instanceof QueueFullError) this.refusedAtMs = performance.now();
      throw error;
    }
  }

  /** Sends what waits, then disconnects. */
  async stop(): Promise<void> {
    await this.queue.idle();
    this.stopping.abort();
    await this.connecting;
    await this.discard();
  }

  /** How long it may still be waited for Kafka; 0 before the first connection, and while sends succeed. */
  private get patienceLeftMs(): number {
    if (this.failedAtMs === undefined || this.stopping.signal.aborted) return 0;
    const { patienceMs = PATIENCE_MS } = this.options;
    return Math.max(0, this.failedAtMs + patienceMs - performance.now());
  }

  /** Sends a batch, again while there is patience; a failure says whether any of the attempts may have arrived. */
  private async send(events: readonly PriceEvent[]): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const producer = await this.nextProducer();
      if (producer === undefined)
        throw attempt === 0 ? new KafkaUnavailableError(this.problem) : new OutcomeUnknownError(this.problem);
      try {
        await this.sendOnce(producer, events);
        this.failedAtMs = undefined;
        return;
      } catch (error) {
        if (attempt > 0 && error instanceof KafkaUnavailableError) throw new OutcomeUnknownError(error.message);
        if (error instanceof KafkaUnavailableError) throw error;
        const delayMs = jitteredDelayMs(attempt, RECONNECT);
        if (this.patienceLeftMs <= delayMs) throw error;
        await sleep(delayMs);
      }
    }
  }

  /** The one that is connected, waited for while there is patience. */
  private async nextProducer(): Promise<Producer | undefined> {
    if (this.producer === undefined && this.patienceLeftMs > 0)
      await Promise.race([this.connecting, sleep(this.patienceLeftMs, undefined, { ref: false })]);
    return this.producer;
  }

  private async sendOnce(producer: Producer, events: readonly PriceEvent[]): Promise<void> {
    const startedAt = performance.now();
    const sentMs = Date.now();
    const messages = events.map((event) => ({
      key: event.event_id,
      value: JSON.stringify(event),
      partition: this.options.partitionOf(event),
    }));
    try {
      // Where a process may die and lose nothing: the fault tests turn each such line into a call that ends the process.
      // crash-point: before-send
      const result = await producer.send({ topic: this.options.topic, acks: ALL_REPLICAS, messages });
      // crash-point: after-send
      assertAcknowledged(result, new Set(events.map(this.options.partitionOf)));
      this.clockSkewMs = clockSkewMs(sentMs, Date.now(), result) ?? this.clockSkewMs;
    } catch (error) {
      const isRefused = isTimeRefused(error) && performance.now() - startedAt < FIRST_ATTEMPT_MS;
      this.problem = isRefused ? explainRefusedTime(sentMs) : `Kafka: ${errorText(error)}`;
      const { problem } = this;
      const outcome = isRefused ? 'nothing was sent' : 'outcome unknown';
      this.options.logger.error({ reason: problem, events: events.length }, `send failed, ${outcome}`);
      this.options.onSendFailed?.();
      // Before the producer is thrown away: what comes meanwhile waits, too.
      if (!isRefused) this.failedAtMs ??= performance.now();
      await this.discard();
      if (!this.stopping.signal.aborted) this.start();
      throw isRefused ? new KafkaUnavailableError(problem) : new OutcomeUnknownError(problem);
    }
    this.acknowledged += events.length;
    this.options.onBatch?.(events.length, (performance.now() - startedAt) / 1_000);
  }

  private async connect(): Promise<void> {
    for (let attempt = 0; !this.stopping.signal.aborted; attempt += 1) {
      const producer = this.options.kafka.producer({
        idempotent: true,
        maxInFlightRequests: 1,
        allowAutoTopicCreation: false,
        createPartitioner: Partitioners.DefaultPartitioner,
        retry: { ...RESEND, retries: this.options.hasOtherBrokers ? RESENDS.ofSeveral : RESENDS.ofOne },
      });
      try {
        await producer.connect();
        this.producer = producer;
        this.problem = undefined;
        this.options.onConnect?.('connected');
        return;
      } catch (error) {
        this.problem = `Kafka: ${errorText(error)}`;
        this.options.onConnect?.('failed');
        this.options.logger.warn({ reason: this.problem, attempt }, 'cannot connect to Kafka, trying again');
        await this.close(producer);
        const delayMs = jitteredDelayMs(attempt, RECONNECT);
        await sleep(delayMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
  }

  private async discard(): Promise<void> {
    const producer = this.producer;
    this.producer = undefined;
    if (producer !== undefined) await this.close(producer);
  }

  private async close(producer: Producer): Promise<void> {
    await producer.disconnect().catch((error) => this.options.logger.debug({ error: errorText(error) }, 'disconnect'));
  }
}

/** kafkajs resolves with an empty list for a partition that the topic lacks, and the messages are lost. */
export function assertAcknowledged(result: readonly RecordMetadata[], partitions: ReadonlySet<number>): void {
  for (const partition of partitions) {
    const answer = result.find((record) => record.partition === partition);
    if (answer === undefined)
      throw new Error(
        `partition ${partition} did not acknowledge: its leader changed meanwhile, or the topic lacks it`,
      );
    if (answer.errorCode !== 0) throw new Error(`partition ${partition} answered error ${answer.errorCode}`);
  }
}

import { randomUUID } from 'node:crypto';
import type { Admin, Consumer, EachBatchPayload, Kafka } from 'kafkajs';
import { errorText, type Logger } from '../common/log';
import { readLetter, type Letter } from './dlq-letter';
import { DlqError, type OffsetRange } from './dlq-request';

const MAX_WAIT_MS = 250;

export interface ReaderOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** For one `read`. */
  readonly deadlineMs: number;
  readonly logger: Logger;
}

/** What `read` is at. */
interface Reading {
  next: number;
  readonly to: number;
  readonly onLetter: (letter: Letter) => boolean | void;
  readonly done: (error?: Error) => void;
}

/**
 * Reads ranges of the dead letters. kafkajs has no consumer without a group, so this one has a group of its own, which
 * commits nothing and is deleted afterwards.
 */
export class LetterReader {
  private readonly admin: Admin;
  private readonly groupId = `metals-dlq-${randomUUID()}`;
  private consumer: Consumer | undefined;
  private reading: Reading | undefined;
  /** Why the consumer reads no more; it may have ended before anything was asked of it. */
  private crash: Error | undefined;

  constructor(private readonly options: ReaderOptions) {
    this.admin = options.kafka.admin({ retry: { retries: 2 } });
  }

  async open(): Promise<void> {
    await this.admin.connect();
  }

  /** The offsets that are there now. */
  async range(): Promise<OffsetRange> {
    const partitions = await this.admin.fetchTopicOffsets(this.options.topic);
    if (partitions.length !== 1) {
      throw new DlqError(
        `topic ${this.options.topic} has ${partitions.length} partitions, expected 1: an offset would name several letters`,
        'set dead_letters.partitions to 1, and create the topic anew',
      );
    }
    return { low: Number(partitions[0]!.low), high: Number(partitions[0]!.high) };
  }

  /** The offset of the first letter that is not older than a moment. */
  async offsetSince(timestampMs: number): Promise<number> {
    const partitions = await this.admin.fetchTopicOffsetsByTimestamp(this.options.topic, timestampMs);
    return Number(partitions[0]!.offset);
  }

  async partitionsOf(topic: string): Promise<number> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length ?? 0;
  }

  /** Hands over the letters from `from` up to, not including, `to`, in order, until `onLetter` returns false. */
  async read(from: number, to: number, onLetter: Reading['onLetter']): Promise<void> {
    if (from >= to) return;
    this.consumer ??= await this.startConsumer();
    if (this.crash) throw this.crash;
    const { topic, deadlineMs } = this.options;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const reading: Reading = { next: from, to, onLetter, done: (error) => (error ? reject(error) : resolve()) };
        this.reading = reading;
        timer = setTimeout(() => reading.done(tooSlow(reading, from, deadlineMs)), deadlineMs);
        this.consumer!.seek({ topic, partition: 0, offset: String(from) });
      });
    } finally {
      clearTimeout(timer);
      this.reading = undefined;
    }
  }

  async close(): Promise<void> {
    const ignore = (error: unknown): void => this.options.logger.debug({ error: errorText(error) }, 'close');
    if (this.consumer !== undefined) {
      await this.consumer.disconnect().catch(ignore);
      // An empty group without offsets also goes by itself, later.
      await this.admin.deleteGroups([this.groupId]).catch(ignore);
    }
    await this.admin.disconnect().catch(ignore);
  }

  private async startConsumer(): Promise<Consumer> {
    const consumer = this.options.kafka.consumer({ groupId: this.groupId, maxWaitTimeInMs: MAX_WAIT_MS });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      this.crash = payload.error;
      this.reading?.done(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [this.options.topic], fromBeginning: true });
    await consumer.run({ autoCommit: false, eachBatch: async (payload) => this.take(payload) });
    return consumer;
  }

  private take({ batch, isStale }: EachBatchPayload): void {
    const reading = this.reading;
    // Stale: fetched before the seek took effect.
    if (reading === undefined || isStale() || batch.messages.length === 0) return;
    for (const { offset, timestamp, value, headers } of batch.messages) {
      const at = Number(offset);
      if (at < reading.next) continue;
      if (at >= reading.to) break;
      reading.next = at + 1;
      const letter = readLetter({ offset: at, timestampMs: Number(timestamp), value, headers: headers ?? {} });
      if (reading.onLetter(letter) === false) return reading.done();
    }
    if (Number(batch.lastOffset()) >= reading.to - 1) reading.done();
  }
}

const tooSlow = ({ next, to }: Reading, from: number, deadlineMs: number): DlqError =>
  new DlqError(
    `read ${next - from} of ${to - from} dead letters (offsets ${from} to ${to - 1}) in ${deadlineMs / 1_000} s`,
    'ask for fewer, with --since; ./bin/metals status shows whether Kafka is well',
  );

import { Partitioners, type IHeaders, type Kafka, type Message, type Producer } from 'kafkajs';
import { retryForever, type Backoff } from '../common/backoff';
import { errorText, type Logger } from '../common/log';
import type { DeadLetter } from './process-batch';
import { SupersededError } from './superseded';

const ALL_REPLICAS = -1;
/**
 * The broker's limit (max.message.bytes, 1.5 MB) is for what is sent together to a partition. A letter that alone is
 * larger goes alone.
 */
const MAX_SEND_BYTES = 1_000_000;
/** Lengths and timestamp of a record, and of each header: more than they can have. */
const RECORD_OVERHEAD_BYTES = 64;
const HEADER_OVERHEAD_BYTES = 8;
/** MongoDB's words about a document may be long. */
const MAX_DETAIL_CHARACTERS = 500;

export interface DeadLetterOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly version: string;
  readonly backoff: Backoff;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  readonly now: () => Date;
}

/** Publishes dead letters: the record's own bytes, with where it was and why it is here in the headers. */
export class DeadLetterPublisher {
  private producer: Producer | undefined;
  /** One send in flight; the next waits for this. */
  private last: Promise<void> = Promise.resolve();
  problem: string | undefined;

  constructor(private readonly options: DeadLetterOptions) {}

  /**
   * Resolves once the broker has them; repeats until then. A letter may appear twice, it is never lost. Rejects with
   * SupersededError where `isCurrent` denies it meanwhile: with each rebalance while the topic of letters is away, the same
   * ones would wait once more.
   */
  publish(letters: readonly DeadLetter[], isCurrent = (): boolean => true): Promise<void> {
    const sent = this.last.catch(() => undefined).then(() => this.sendUntilDone(letters, isCurrent));
    this.last = sent;
    return sent;
  }

  async stop(): Promise<void> {
    await this.last.catch(() => undefined);
    await this.discard();
  }

  private async sendUntilDone(letters: readonly DeadLetter[], isCurrent: () => boolean): Promise<void> {
    refuseSuperseded(letters.length, isCurrent);
    const messages = letters.map((letter) => toMessage(letter, this.options.version, this.options.now()));
    for (const some of splitByBytes(messages, MAX_SEND_BYTES)) await this.sendSome(some, isCurrent);
  }

  private async sendSome(messages: Message[], isCurrent: () => boolean): Promise<void> {
    const send = async (): Promise<void> => {
      // Whether the topic can be written to is then somebody else's to tell.
      if (!isCurrent()) this.problem = undefined;
      refuseSuperseded(messages.length, isCurrent);
      await this.send(messages);
    };
    await retryForever(send, {
      backoff: this.options.backoff,
      signal: this.options.signal,
      isRetriable: (error) => !(error instanceof SupersededError),
      onRetry: async (error, attempt) => {
        this.problem = `dead letters: ${errorText(error)}`;
        this.options.logger.warn({ reason: this.problem, attempt }, 'dead letters not sent, repeating');
        await this.discard();
      },
    });
    this.problem = undefined;
  }

  private async send(messages: Message[]): Promise<void> {
    this.producer ??= await this.connect();
    const result = await this.producer.send({ topic: this.options.topic, acks: ALL_REPLICAS, messages });
    // crash-point: in-dead-letter
    if (result.length === 0 || result.some(({ errorCode }) => errorCode !== 0)) {
      throw new Error(`topic ${this.options.topic} did not acknowledge`);
    }
  }

  private async connect(): Promise<Producer> {
    const producer = this.options.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 3 },
    });
    try {
      await producer.connect();
      return producer;
    } catch (error) {
      await producer.disconnect();
      throw error;
    }
  }

  private async discard(): Promise<void> {
    const producer = this.producer;
    this.producer = undefined;
    await producer?.disconnect().catch((error) => this.options.logger.debug({ error: errorText(error) }, 'disconnect'));
  }
}

function refuseSuperseded(letters: number, isCurrent: () => boolean): void {
  if (!isCurrent()) throw new SupersededError(`${letters} dead letters are another assignment's to send`);
}

export function toMessage({ record, reason, detail }: DeadLetter, version: string, failedAt: Date): Message {
  const headers: IHeaders = {
    'metals-reason': reason,
    'metals-detail': detail.slice(0, MAX_DETAIL_CHARACTERS),
    'metals-source-topic': record.topic,
    'metals-source-partition': String(record.partition),
    'metals-source-offset': record.offset,
    // As it was, so that the record can be sent again as it was.
    ...(record.key !== null && { 'metals-source-key': record.key }),
    'metals-failed-at': failedAt.toISOString(),
    'metals-processor-version': version,
  };
  // One source partition stays in order on one partition of the dead letters.
  return { key: `${record.topic}-${record.partition}`, value: record.value, headers };
}

/** In order, each part below the limit; a message that is larger by itself is a part of its own. */
export function splitByBytes(messages: readonly Message[], maxBytes: number): Message[][] {
  const parts: Message[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const message of messages) {
    const size = sizeOf(message);
    if (bytes + size > maxBytes) {
      parts.push([]);
      bytes = 0;
    }
    parts[parts.length - 1].push(message);
    bytes += size;
  }
  return parts;
}

function sizeOf({ key, value, headers = {} }: Message): number {
  const header = Object.entries(headers).map(
    ([name, text]) => HEADER_OVERHEAD_BYTES + name.length + byteLength(text as string | Buffer),
  );
  return header.reduce((sum, size) => sum + size, RECORD_OVERHEAD_BYTES + byteLength(key) + byteLength(value));
}

const byteLength = (text: string | Buffer | null | undefined): number => (text ? Buffer.byteLength(text) : 0);

import { connect, type Socket } from 'node:net';
import type { Kafka, RecordMetadata } from 'kafkajs';
import { pino } from 'pino';
import type { PriceEvent } from '../../../services/common/event';
import type { HttpLimits } from '../../../services/common/http';
import { ProducerApp } from '../../../services/producer/app';
import { producerConfigSchema, type ProducerConfig } from '../../../services/producer/config';
import { KafkaLink } from '../../../services/producer/kafka-link';
import { producerMetrics, publisherHooks } from '../../../services/producer/metrics';
import { Publisher } from '../../../services/producer/publisher';

export const KEY = 'correct-horse-battery';
export const GOOD = '{"metal":"gold","price":1850.00}';

/** The one part that is not real: it takes what kafkajs would send, and answers for each partition. */
export class FakeBroker {
  readonly sent: PriceEvent[] = [];
  readonly batches: number[] = [];
  /** What a send waits for, and fails with. */
  before: () => Promise<void> = () => Promise.resolve();
  connect: () => Promise<void> = () => Promise.resolve();

  readonly kafka = {
    producer: () => ({
      connect: () => this.connect(),
      disconnect: () => Promise.resolve(),
      send: async ({ messages }: { messages: { value: string; partition: number }[] }) => {
        await this.before();
        this.batches.push(messages.length);
        this.sent.push(...messages.map(({ value }) => JSON.parse(value) as PriceEvent));
        const partitions = new Set(messages.map(({ partition }) => partition));
        return [...partitions].map((partition): RecordMetadata => ({ topicName: 't', partition, errorCode: 0 }));
      },
    }),
  } as unknown as Kafka;
}

export interface Rig {
  readonly app: ProducerApp;
  readonly broker: FakeBroker;
  readonly publisher: Publisher;
  readonly port: number;
  readonly log: Record<string, unknown>[];
  /** What the watch of the real service would say. */
  readonly watch: { ok: boolean; problem: string | undefined };
  stop(): Promise<void>;
}

export interface RigOptions {
  readonly config?: object;
  readonly limits?: Partial<HttpLimits>;
  readonly logLevel?: string;
  readonly connected?: boolean;
  /** @default 0: what Kafka does not take is refused at once */
  readonly patienceMs?: number;
}

export function producerConfig(extra: object = {}): ProducerConfig {
  const config = producerConfigSchema.parse({
    kafka: { brokers: ['kafka:9092'], username: 'producer' },
    topic: { name: 'metals-prices', partitions: 2 },
    feed: { rate_per_second: 0 },
    metals: { gold: { partition: 0, price: 2_650 }, copper: { partition: 1, price: 9_100, unit: 'tonne' } },
    ...extra,
  });
  // The schema has no port 0, which asks for any that is free.
  return { ...config, http: { ...config.http, port: 0 } };
}

/** The whole producer on a free port, with a broker that is a stand-in. */
export async function startRig(options: RigOptions = {}): Promise<Rig> {
  const config = producerConfig(options.config);
  const log: Record<string, unknown>[] = [];
  const logger = pino(
    { level: options.logLevel ?? 'info' },
    { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const broker = new FakeBroker();
  const watch = { ok: options.connected ?? true, problem: undefined as string | undefined, isAboutTopics: false };
  const { patienceMs = 0 } = options;
  const metrics = producerMetrics();
  const publisher = new Publisher({
    kafka: broker.kafka,
    topic: config.topic.name,
    partitionOf: (event) => config.metals[event.metal].partition,
    maxQueuedEvents: config.queue.max_events,
    maxBatchEvents: config.queue.max_batch_events,
    patienceMs,
    logger,
    ...publisherHooks(metrics),
  });
  const kafka = new KafkaLink(watch, publisher, patienceMs);
  const { limits } = options;
  const app = new ProducerApp({ config, apiKeys: [KEY], kafka, metrics, logger, version: 'test', taskSlot: 3, limits });
  const port = await app.start();
  if (watch.ok) {
    publisher.start();
    await until(() => publisher.connected);
  }
  const stop = async (): Promise<void> => {
    await app.drain(1_000);
    await publisher.stop();
  };
  return { app, broker, publisher, port, log, watch, stop };
}

export async function until(condition: () => boolean | Promise<boolean>, timeoutMs = 5_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`condition not met in ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: any;
}

const DEFAULTS: Record<string, string> = {
  host: 'producer',
  'content-type': 'application/json',
  'x-api-key': KEY,
};

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  /** Replace or, when undefined, remove the usual ones; a list stands for one header given several times. */
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string | Buffer;
}

/** The bytes of a request, exactly as a client without scruples would send them. */
export function rawRequest({ method = 'POST', path = '/produce', headers = {}, body = GOOD }: RawRequest): Buffer {
  const length = method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  const all = Object.entries({ ...DEFAULTS, ...length, ...headers });
  const lines = all.flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one) => `${name}: ${one}`),
  );
  const head = Buffer.from(`${[`${method} ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n`);
  return method === 'GET' ? head : Buffer.concat([head, Buffer.from(body)]);
}

export const ask = (port: number, request: RawRequest = {}): Promise<Answer> => exchange(port, rawRequest(request));

/** Sends a request up to the end of its last header line; what it resolves with sends the rest. */
export async function holdBack(port: number, request: RawRequest = {}): Promise<() => Promise<Answer>> {
  const bytes = rawRequest(request);
  const end = bytes.indexOf('\r\n\r\n') + 2;
  const finish = await new Promise<() => Promise<Answer>>((resolve, reject) => {
    const answered = exchange(port, bytes.subarray(0, end), (socket) =>
      resolve(() => {
        socket.write(bytes.subarray(end));
        return answered;
      }),
    );
    answered.catch(reject);
  });
  // Whatever was sent before this answer has reached the server.
  await ask(port, { method: 'GET', path: '/health' });
  return finish;
}

/** Sends bytes, and resolves with the first answer; `write` may go on sending. */
export function exchange(port: number, bytes: Buffer, write?: (socket: Socket) => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      write?.(socket);
    });
    const settle = (): void => {
      const answer = parseAnswer(Buffer.concat(received).toString());
      if (answer === undefined) return;
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (chunk: Buffer) => {
      received.push(chunk);
      settle();
    });
    // A server that refuses may reset a connection on which it was still being sent to: the answer counts.
    socket.on('error', () => undefined);
    socket.on('close', () => reject(new Error(`closed without an answer: ${Buffer.concat(received).toString()}`)));
  });
}

/** Undefined while it is not complete. */
function parseAnswer(text: string): Answer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const [first, ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const body = text.slice(end + 4);
  if (Buffer.byteLength(body) < Number(headers['content-length'] ?? 0)) return undefined;
  const isJson = (headers['content-type'] ?? '').includes('json');
  return { status: Number(first.split(' ')[1]), headers, body: isJson ? JSON.parse(body) : body };
}

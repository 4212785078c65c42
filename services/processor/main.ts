import closeWithGrace from 'close-with-grace';
import { bootstrap, VERSION } from '../common/bootstrap';
import { decideHealth } from '../common/health';
import { HttpServer, type Reply } from '../common/http';
import { createKafka } from '../common/kafka';
import { KafkaWatch } from '../common/kafka-watch';
import { createLogger, errorText } from '../common/log';
import { Metrics } from '../common/metrics';
import { createMongoClient, MongoHandle } from '../common/mongo';
import { processorConfigSchema } from './config';
import { PriceConsumer } from './consumer';
import { DeadLetterPublisher } from './dead-letters';
import { MongoWatch } from './mongo-watch';
import { processBatch } from './process-batch';
import type { PriceDocument, SourceRecord } from './record';
import { Writer } from './writer';

const SERVICE = 'processor';
const WATCH_INTERVAL_MS = 5_000;
/** Time kept back from the drain for leaving the group and closing connections. */
const LEAVE_MS = 3_000;

const { config, secrets } = bootstrap({
  component: SERVICE,
  schema: processorConfigSchema,
  secrets: ['kafka-password', 'mongodb-password'],
  argv: process.argv.slice(2),
});
const logger = createLogger(SERVICE, VERSION, config.log_level);
const metrics = new Metrics(SERVICE);
const requests = metrics.latency('http_request_duration_seconds', 'Time to answer a request', ['route', 'status']);
const events = metrics.counter('events_total', 'Records by what became of them', ['result']);
const deadLetterCount = metrics.counter('dead_letters_total', 'Dead letters by reason', ['reason']);
const batchSize = metrics.batchSize('batch_documents', 'Documents in one insert');
const writeSeconds = metrics.latency('write_duration_seconds', 'Time until MongoDB acknowledged an insert');
const endToEndSeconds = metrics.latency('end_to_end_seconds', 'From the timestamp of an event until it is stored');
const retries = metrics.counter('write_retries_total', 'Inserts that were repeated');
const resets = metrics.counter('offset_resets_total', 'Times that the committed offset was gone from the topic');

const lags = new Map<number, number>();
let processedCount = 0;
let everReady = false;
let stopping = false;
let offsetReset: string | undefined;

const aborting = new AbortController();
const backoff = { baseMs: config.write.retry_base_ms, maxMs: config.write.retry_max_ms };
const kafka = createKafka({
  clientId: `metals-${SERVICE}`,
  connection: config.kafka,
  password: secrets['kafka-password'],
  logger,
  onOffsetReset: () => {
    resets.inc();
    offsetReset = 'a committed offset was gone from the topic: records may be lost, compare retention and outage';
    logger.error(offsetReset);
  },
});
const mongo = new MongoHandle<PriceDocument>(config.mongodb, () =>
  createMongoClient(config.mongodb, secrets['mongodb-password'], { maxPoolSize: 4 }),
);

const kafkaWatch = new KafkaWatch({
  kafka,
  topics: [{ topic: config.topic.name, partitions: config.topic.partitions }, { topic: config.dead_letter_topic }],
  intervalMs: WATCH_INTERVAL_MS,
  logger,
});
const mongoWatch = new MongoWatch({
  probe: () => mongo.use((collection) => collection.findOne({ _id: 'probe' }, { projection: { _id: 1 } })),
  intervalMs: WATCH_INTERVAL_MS,
  logger,
});
const writer = new Writer({
  collection: mongo.collection,
  maxDocuments: config.write.max_documents,
  backoff,
  signal: aborting.signal,
  logger,
  onWrite: (documents, seconds) => {
    batchSize.observe(documents);
    writeSeconds.observe(seconds);
  },
  onRetry: () => {
    retries.inc();
    consumer.sign();
  },
});
const deadLetters = new DeadLetterPublisher({
  kafka,
  topic: config.dead_letter_topic,
  version: VERSION,
  backoff,
  signal: aborting.signal,
  logger,
  now: () => new Date(),
});
const consumer = new PriceConsumer({
  kafka,
  topic: config.topic.name,
  partitions: config.topic.partitions,
  group: config.consumer.group,
  sessionTimeoutMs: config.consumer.session_timeout_ms,
  maxWaitMs: config.consumer.max_wait_ms,
  maxBytesPerPartition: config.consumer.max_bytes_per_partition,
  logger,
  process: processRecords,
  onLag: (partition, lag) => lags.set(partition, lag),
});
metrics.gauge('lag_records', 'Records behind the end of the topic, as of the last batch', totalLag);
metrics.gauge('waiting_documents', 'Documents that wait to be written', () => writer.waiting);
metrics.gauge('kafka_connected', '1 while Kafka can be used', () => Number(kafkaConnected()));
metrics.gauge('mongodb_connected', '1 while MongoDB can be used', () => Number(mongoConnected()));

async function processRecords(records: readonly SourceRecord[]): Promise<void> {
  const result = await processBatch(records, {
    store: async (documents) => {
      const stored = await writer.write(documents);
      const now = Date.now();
      for (const { timestamp } of documents) endToEndSeconds.observe(Math.max(0, now - timestamp.getTime()) / 1_000);
      return stored;
    },
    deadLetter: (letters) => deadLetters.publish(letters),
    now: () => new Date(),
  });
  processedCount += result.inserted + result.repeated;
  events.inc({ result: 'inserted' }, result.inserted);
  events.inc({ result: 'repeated' }, result.repeated);
  events.inc({ result: 'dead_letter' }, result.deadLetters.length);
  for (const { record, reason, detail } of result.deadLetters) {
    deadLetterCount.inc({ reason });
    logger.warn({ partition: record.partition, offset: record.offset, reason, detail }, 'dead letter');
  }
}

function totalLag(): number {
  return [...lags.values()].reduce((sum, lag) => sum + lag, 0);
}

function kafkaConnected(): boolean {
  return kafkaWatch.ok && consumer.problem === undefined;
}

function mongoConnected(): boolean {
  return mongoWatch.ok && writer.problem === undefined;
}

function health(): Reply {
  everReady ||= kafkaConnected() && mongoConnected();
  const problems = [
    kafkaWatch.problem,
    consumer.problem,
    consumer.waiting,
    mongoWatch.problem,
    writer.problem,
    deadLetters.problem,
    offsetReset,
  ];
  const silent = consumer.silentMs > config.stuck_after_seconds * 1_000;
  const decision = decideHealth({
    everReady,
    problems: [...new Set(problems)].filter((text) => text !== undefined),
    stuck: silent ? `the consumer has given no sign for ${consumer.silentMs} ms` : undefined,
    stopping,
  });
  return {
    status: decision.httpStatus,
    body: {
      status: decision.status,
      kafka_connected: kafkaConnected(),
      mongodb_status: mongoConnected() ? 'connected' : 'disconnected',
      processed_count: processedCount,
      timestamp: new Date().toISOString(),
      service: SERVICE,
      version: VERSION,
      reasons: decision.reasons,
    },
  };
}

const server = new HttpServer({
  port: config.http.port,
  logger,
  onAnswer: (route, status, seconds) => requests.observe({ route, status: String(status) }, seconds),
  routes: [
    { method: 'GET', path: '/health', handle: health },
    { method: 'GET', path: '/metrics', handle: () => metrics.reply() },
  ],
});

async function main(): Promise<void> {
  await server.listen();
  kafkaWatch.start();
  mongoWatch.start();
  consumer.start();
  logger.info({ port: config.http.port, group: config.consumer.group }, 'started');
}

const drainMs = config.drain_timeout_seconds * 1_000;
closeWithGrace({ delay: drainMs, logger }, async ({ signal, err }) => {
  if (err) logger.fatal({ error: errorText(err) }, 'ends after an error');
  else logger.info({ signal }, 'draining');
  stopping = true;
  // What cannot be written by then is given up uncommitted: whoever reads it next writes it.
  const giveUp = setTimeout(() => aborting.abort(new Error('stopping')), Math.max(0, drainMs - LEAVE_MS));
  await consumer.stop();
  clearTimeout(giveUp);
  aborting.abort(new Error('stopping'));
  await deadLetters.stop();
  await Promise.all([mongo.close(), kafkaWatch.stop(), mongoWatch.stop(), server.close()]);
  logger.info({ processed_count: processedCount }, 'stopped');
});

main().catch((error) => {
  logger.fatal({ error: errorText(error) }, 'cannot start');
  process.exit(1);
});

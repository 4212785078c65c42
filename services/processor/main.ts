import { hostname } from 'node:os';
import closeWithGrace from 'close-with-grace';
import { bootstrap, KAFKA_USERNAME, MONGODB_USERNAME, VERSION } from '../common/bootstrap';
import { HttpServer, type Reply } from '../common/http';
import { createKafka } from '../common/kafka';
import { connectToOne } from '../common/kafka-request';
import { kafkaLogin, kafkaProblems, kafkaSecret } from '../common/kafka-login';
import { guardOffsetReset } from '../common/kafka-offset-guard';
import { KafkaWatch } from '../common/kafka-watch';
import { createLogger, errorText } from '../common/log';
import { LogLimiter } from '../common/log-limiter';
import { createMongoClient, MongoHandle, operationTimeoutMs, within } from '../common/mongo';
import { mongoProblems, mongoSecret } from '../common/mongo-uri';
import { RecentFindings } from '../common/recent-findings';
import { RecentRate } from '../common/recent-rate';
import { processorConfigSchema } from './config';
import { PriceConsumer } from './consumer';
import { DeadLetterPublisher } from './dead-letters';
import { GroupWatch } from './group-watch';
import { processorFindings, processorHealth } from './health';
import { Lag } from './lag';
import type { LastPrices } from './last-prices';
import { ProcessorMetrics } from './metrics';
import { createMongoProbe } from './mongo-probe';
import { MongoWatch } from './mongo-watch';
import { noteRefusal } from './refusals';
import { processBatch, type DeadLetter } from './process-batch';
import { hasQuorum, QuorumWatch } from './quorum-watch';
import type { PriceDocument, SourceRecord } from './record';
import type { StoredPrices } from './settle';
import { stateFacts, type StateParts } from './state-facts';
import { Writer } from './writer';

const SERVICE = 'processor';
/** What it finds is in /health within 15 s, a partition that is stuck (STUCK_AFTER_MS) too. */
const WATCH_INTERVAL_MS = 4_000;
/** Time kept back from the drain for leaving the group and closing connections. */
const LEAVE_MS = 3_000;
/** More dead letters than that have no line of their own; the counter has them all. */
const MAX_LETTERS_LOGGED_PER_SECOND = 20;
/** Some 5 ms of work, and where records take longer to read than events do, no more than 10 ms. */
const SLICE_RECORDS = 500;
const SLICE_MS = 10;

const { config, secrets } = bootstrap({
  component: SERVICE,
  schema: processorConfigSchema,
  secrets: (engines) => [kafkaSecret(engines), mongoSecret(engines)],
  check: (given, files) => [
    ...kafkaProblems(given.kafka, files, KAFKA_USERNAME),
    ...mongoProblems(given.mongodb, files, MONGODB_USERNAME),
  ],
  argv: process.argv.slice(2),
});
const logger = createLogger(SERVICE, VERSION, config.log_level);
const metrics = new ProcessorMetrics();

let everReady = false;
let stopping = false;
const outOfRange = new Set<number>();
const recent = new RecentFindings();
const letterLines = new LogLimiter(MAX_LETTERS_LOGGED_PER_SECOND);

const aborting = new AbortController();
const backoff = { baseMs: config.write.retry_base_ms, maxMs: config.write.retry_max_ms };
const { username, password } = kafkaLogin(config.kafka, secrets[kafkaSecret(config)], KAFKA_USERNAME);
const asClient = { clientId: `metals-${SERVICE}`, connection: { ...config.kafka, username }, password };
const kafka = createKafka({ ...asClient, logger });
guardOffsetReset(({ topic, partition }) => {
  const reset = config.consumer.on_offset_out_of_range === 'earliest';
  metrics.resets.inc();
  logger.error(
    { topic, partition, reset },
    'the committed offset is gone from the topic: records are lost to retention',
  );
  if (reset) return 'reset';
  outOfRange.add(partition);
  consumer.pausePartition(partition);
  return 'stay';
});
const mongo = new MongoHandle<PriceDocument>(config.mongodb, () =>
  createMongoClient(
    { ...config.mongodb, username: MONGODB_USERNAME ?? config.mongodb.username },
    secrets[mongoSecret(config)],
    { maxPoolSize: 4 },
  ),
);

const kafkaWatch = new KafkaWatch({
  kafka,
  topics: [{ topic: config.topic.name, partitions: config.topic.partitions }, { topic: config.dead_letter_topic }],
  intervalMs: WATCH_INTERVAL_MS,
  logger,
  onCheck: async (admin) => {
    await lag.refresh(admin);
    await consumer.lookForCuts();
    await groupWatch.refresh(admin);
  },
});
const quorumWatch = hasQuorum(config.kafka)
  ? new QuorumWatch({
      connect: () => connectToOne({ ...asClient, kafka }),
      expectedBrokers: config.kafka.brokers.length,
      intervalMs: WATCH_INTERVAL_MS,
      logger,
    })
  : undefined;
const probeMongo = createMongoProbe();
const mongoWatch = new MongoWatch({
  probe: async () => {
    try {
      return await within(operationTimeoutMs(config.mongodb), mongo.use(probeMongo));
    } catch (error) {
      mongo.replaceAfter(error as Error);
      throw error;
    }
  },
  intervalMs: WATCH_INTERVAL_MS,
  logger,
});
const writer = new Writer({
  collection: mongo.collection,
  maxDocuments: config.write.max_documents,
  timeoutMs: operationTimeoutMs(config.mongodb),
  backoff,
  signal: aborting.signal,
  logger,
  onWrite: (documents, seconds) => metrics.onWrite(documents, seconds),
  onRetry: (error) => {
    metrics.writeRetries.inc();
    mongo.replaceAfter(error);
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
  signal: aborting.signal,
  process: processRecords,
  onLogCut: (partition) => {
    const decision = config.consumer.on_offset_out_of_range === 'earliest' ? 'reset' : 'stay';
    metrics.resets.inc();
    logger.error({ topic: config.topic.name, partition, decision }, 'the topic has lost records that are committed');
    return decision;
  },
  correct: (corrections, isCurrent) => writer.correct(corrections, isCurrent),
});
const lag = new Lag({
  topic: config.topic.name,
  group: config.consumer.group,
  partitions: () => consumer.partitions,
  isReadTo: (...position) => consumer.isReadTo(...position),
});
const groupWatch = new GroupWatch({
  group: config.consumer.group,
  topic: config.topic.name,
  partitions: config.topic.partitions,
  member: () => consumer.membership,
});
metrics.gaugeBy('lag_records', 'Records behind the end of the topic', 'partition', () => lag.byPartition);
metrics.gauge('pending_records', 'Fetched records that are not yet safe', () => consumer.pendingRecords);
metrics.gauge('pending_bytes', 'Memory that they take, as it is counted', () => consumer.pendingBytes);
metrics.gauge('waiting_documents', 'Documents that wait to be written', () => writer.waiting);
const parts: StateParts = {
  ...{ kafkaWatch, quorumWatch, mongoWatch, groupWatch, consumer, writer, deadLetters, lag, outOfRange, recent },
  lagDegradedRecords: config.consumer.lag_degraded_records,
};
metrics.healthStates(() => processorFindings(stateFacts(parts)));
metrics.gauge('clock_skew_seconds', "By how much this clock is ahead of MongoDB's, at the least", () => {
  return (mongoWatch.facts?.clockSkewMs ?? 0) / 1_000;
});
metrics.gauge('kafka_connected', '1 while Kafka can be used', () => Number(kafkaConnected()));
metrics.gauge('mongodb_connected', '1 while MongoDB can be used', () => Number(mongoConnected()));

async function processRecords(
  records: readonly SourceRecord[],
  last: LastPrices,
  read: () => void,
  isCurrent: () => boolean,
): Promise<StoredPrices> {
  metrics.onRead(records.length);
  return processBatch(records, last, read, {
    store: async (documents) => {
      const stored = await writer.write(documents, isCurrent);
      metrics.onStored(documents);
      return stored;
    },
    deadLetter: (letters) => deadLetters.publish(letters, isCurrent),
    now: () => new Date(),
    onSafe: (result) => {
      metrics.onResult(result);
      result.deadLetters.forEach(reportDeadLetter);
    },
    sliceRecords: SLICE_RECORDS,
    sliceMs: SLICE_MS,
  });
}

function reportDeadLetter({ record, reason, detail }: DeadLetter): void {
  noteRefusal(recent, { record, reason, detail });
  // Not the detail: it may quote the record.
  const line = letterLines.pass({ partition: record.partition, offset: record.offset, reason });
  if (line !== undefined) logger.warn(line, 'dead letter');
}

function kafkaConnected(): boolean {
  return kafkaWatch.ok && consumer.problem === undefined;
}

function mongoConnected(): boolean {
  return mongoWatch.ok && writer.problem === undefined;
}

const rate = new RecentRate(() => metrics.processedCount);

function health(): Reply {
  everReady ||= kafkaConnected() && mongoConnected();
  return processorHealth({
    version: VERSION,
    kafkaConnected: kafkaConnected(),
    mongodbConnected: mongoConnected(),
    everReady,
    stopping,
    processedCount: metrics.processedCount,
    processedPerSecond: rate.perSecond,
    instance: hostname(),
    ...stateFacts(parts),
    silentMs: consumer.silentMs,
    stuckAfterMs: config.stuck_after_seconds * 1_000,
    kafkaQuorum: quorumWatch?.quorum,
  });
}

const server = new HttpServer({
  port: config.http.port,
  logger,
  onAnswer: (route, status, seconds) => metrics.requests.observe({ route, status: String(status) }, seconds),
  routes: [
    { method: 'GET', path: '/health', handle: health },
    { method: 'GET', path: '/metrics', handle: () => metrics.reply() },
  ],
});

async function main(): Promise<void> {
  await server.listen();
  kafkaWatch.start();
  quorumWatch?.start();
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
  // crash-point: in-drain
  await consumer.stop();
  clearTimeout(giveUp);
  aborting.abort(new Error('stopping'));
  await deadLetters.stop();
  await Promise.all([mongo.close(), kafkaWatch.stop(), quorumWatch?.stop(), mongoWatch.stop(), server.close()]);
  logger.info({ processed_count: metrics.processedCount }, 'stopped');
});

main().catch((error) => {
  logger.fatal({ error: errorText(error) }, 'cannot start');
  process.exit(1);
});

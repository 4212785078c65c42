import closeWithGrace from 'close-with-grace';
import { apiKeyChecker } from '../common/api-key';
import { bootstrap, TASK_SLOT, VERSION } from '../common/bootstrap';
import { decideHealth } from '../common/health';
import { HttpServer, type Reply } from '../common/http';
import { createKafka } from '../common/kafka';
import { KafkaWatch } from '../common/kafka-watch';
import { createLogger, errorText } from '../common/log';
import { Metrics } from '../common/metrics';
import { UuidV7Generator } from '../common/uuid';
import { producerConfigSchema } from './config';
import { Feed, PriceWalk } from './feed';
import { produce } from './produce';
import { KafkaUnavailableError, Publisher } from './publisher';
import { toEvent } from './request';

const SERVICE = 'producer';
const WATCH_INTERVAL_MS = 5_000;
/** A feed fills at most this share of the queue. */
const FEED_QUEUE_SHARE = 0.5;

const { config, secrets } = bootstrap({
  component: SERVICE,
  schema: producerConfigSchema,
  secrets: ['kafka-password', 'api-key'],
  argv: process.argv.slice(2),
});
const logger = createLogger(SERVICE, VERSION, config.log_level);
const metrics = new Metrics(SERVICE);
const requests = metrics.latency('http_request_duration_seconds', 'Time to answer a request', ['route', 'status']);
const published = metrics.counter('events_published_total', 'Events that Kafka acknowledged');
const failed = metrics.counter('events_failed_total', 'Events refused or with unknown outcome');
const feedEvents = metrics.counter('feed_events_total', 'Simulated events by result', ['result']);
const batchSize = metrics.batchSize('batch_events', 'Events in one send');
const sendSeconds = metrics.latency('send_duration_seconds', 'Time until Kafka acknowledged a batch');

let processedCount = 0;
let everReady = false;
let stopping = false;

const kafka = createKafka({
  clientId: `metals-${SERVICE}`,
  connection: config.kafka,
  password: secrets['kafka-password'],
  logger,
});
const watch = new KafkaWatch({
  kafka,
  topics: [{ topic: config.topic.name, partitions: config.topic.partitions }],
  intervalMs: WATCH_INTERVAL_MS,
  logger,
});
const publisher = new Publisher({
  kafka,
  topic: config.topic.name,
  partitionOf: (event) => config.metals[event.metal].partition,
  maxQueuedEvents: config.queue.max_events,
  maxBatchEvents: config.queue.max_batch_events,
  logger,
  onBatch: (size, seconds) => {
    processedCount += size;
    published.inc(size);
    batchSize.observe(size);
    sendSeconds.observe(seconds);
  },
});
const ids = new UuidV7Generator();
const feed = new Feed({
  walk: new PriceWalk(config, config.feed.seed + TASK_SLOT, () => ids.next()),
  ratePerSecond: config.feed.rate_per_second,
  hasRoom: () => isReady() && publisher.queued < config.queue.max_events * FEED_QUEUE_SHARE,
  publish: (event) => publisher.publish(event),
  onResult: (result, count) => feedEvents.inc({ result }, count),
});
metrics.gauge('queue_events', 'Events that wait to be sent', () => publisher.queued);
metrics.gauge('kafka_connected', '1 while Kafka can be used', () => Number(isReady()));

/** The partition count must be known to be right: a send to a partition that is missing loses its events. */
function isReady(): boolean {
  const ready = watch.ok && publisher.connected;
  everReady ||= ready;
  return ready;
}

function health(): Reply {
  const connected = isReady();
  const stuckMs = config.stuck_after_seconds * 1_000;
  const full = publisher.queued >= config.queue.max_events ? ['queue is full'] : [];
  const decision = decideHealth({
    everReady,
    problems: [...new Set([watch.problem, publisher.problem])].filter((text) => text !== undefined).concat(full),
    stuck: publisher.inFlightMs > stuckMs ? `a send is under way for ${publisher.inFlightMs} ms` : undefined,
    stopping,
  });
  return {
    status: decision.httpStatus,
    body: {
      status: decision.status,
      kafka_connected: connected,
      processed_count: processedCount,
      timestamp: new Date().toISOString(),
      service: SERVICE,
      version: VERSION,
      reasons: decision.reasons,
    },
  };
}

const isAuthorised = apiKeyChecker(secrets['api-key']);
const server = new HttpServer({
  port: config.http.port,
  logger,
  onAnswer: (route, status, seconds) => requests.observe({ route, status: String(status) }, seconds),
  routes: [
    { method: 'GET', path: '/health', handle: health },
    { method: 'GET', path: '/metrics', handle: () => metrics.reply() },
    {
      method: 'POST',
      path: '/produce',
      handle: (request) =>
        produce(request, {
          isAuthorised,
          maxBodyBytes: config.http.max_body_bytes,
          answerTimeoutMs: config.http.answer_timeout_ms,
          isStopping: () => stopping,
          toEvent: (body) => toEvent(body, { config, nextId: () => ids.next(), nowMs: Date.now() }),
          publish: async (event) => {
            try {
              if (!isReady()) throw new KafkaUnavailableError(watch.problem ?? publisher.problem);
              await publisher.publish(event);
            } catch (error) {
              failed.inc();
              throw error;
            }
          },
        }),
    },
  ],
});

async function main(): Promise<void> {
  await server.listen();
  watch.start();
  publisher.start();
  if (config.feed.rate_per_second > 0) feed.start();
  logger.info({ port: config.http.port, feed_rate_per_second: config.feed.rate_per_second }, 'started');
}

closeWithGrace({ delay: config.drain_timeout_seconds * 1_000, logger }, async ({ signal, err }) => {
  if (err) logger.fatal({ error: errorText(err) }, 'ends after an error');
  else logger.info({ signal }, 'draining');
  stopping = true;
  feed.stop();
  await server.close();
  await publisher.stop();
  await watch.stop();
  logger.info({ processed_count: processedCount }, 'stopped');
});

main().catch((error) => {
  logger.fatal({ error: errorText(error) }, 'cannot start');
  process.exit(1);
});

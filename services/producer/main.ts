import closeWithGrace from 'close-with-grace';
import { bootstrap, KAFKA_USERNAME, TASK_SLOT, VERSION } from '../common/bootstrap';
import { createKafka } from '../common/kafka';
import { kafkaLogin, kafkaProblems, kafkaSecret } from '../common/kafka-login';
import { KafkaWatch } from '../common/kafka-watch';
import { createLogger, errorText } from '../common/log';
import { ProducerApp } from './app';
import { producerConfigSchema } from './config';
import { KafkaLink } from './kafka-link';
import { producerMetrics, publisherHooks } from './metrics';
import { Publisher } from './publisher';

const SERVICE = 'producer';
const WATCH_INTERVAL_MS = 5_000;

const { config, secrets } = bootstrap({
  component: SERVICE,
  schema: producerConfigSchema,
  secrets: (engines) => [kafkaSecret(engines), 'api-key'],
  // Accepted as well: the key before, or the one to come.
  optionalSecrets: ['api-key-other'],
  check: (given, files) => kafkaProblems(given.kafka, files, KAFKA_USERNAME),
  argv: process.argv.slice(2),
});
const logger = createLogger(SERVICE, VERSION, config.log_level);
const metrics = producerMetrics();
const { username, password } = kafkaLogin(config.kafka, secrets[kafkaSecret(config)], KAFKA_USERNAME);
const kafka = createKafka({
  clientId: `metals-${SERVICE}`,
  connection: { ...config.kafka, username },
  password,
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
  hasOtherBrokers: config.kafka.brokers.length > 1,
  logger,
  ...publisherHooks(metrics),
});
const app = new ProducerApp({
  config,
  apiKeys: [secrets['api-key'], secrets['api-key-other']].filter((key) => key !== undefined),
  kafka: new KafkaLink(watch, publisher),
  metrics,
  logger,
  version: VERSION,
  taskSlot: TASK_SLOT,
});

async function main(): Promise<void> {
  const port = await app.start();
  watch.start();
  publisher.start();
  logger.info({ port, feed: config.feed.kind }, 'started');
}

const drainTimeoutMs = config.drain_timeout_seconds * 1_000;
closeWithGrace({ delay: drainTimeoutMs, logger }, async ({ signal, err }) => {
  if (err) logger.fatal({ error: errorText(err) }, 'ends after an error');
  else logger.info({ signal }, 'draining');
  await app.drain(drainTimeoutMs, err ? 0 : config.leave_seconds * 1_000);
  // crash-point: in-drain
  await publisher.stop();
  await watch.stop();
  logger.info({ processed_count: publisher.acknowledged }, 'stopped');
});

main().catch((error) => {
  logger.fatal({ error: errorText(error) }, 'cannot start');
  process.exit(1);
});

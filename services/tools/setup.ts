import { createKafka } from '../common/kafka';
import type { Logger } from '../common/log';
import { createMongoClient } from '../common/mongo';
import type { ToolsConfig } from './config';
import { waitFor } from './deadline';
import { setUpKafka } from './setup-kafka';
import { setUpMongo } from './setup-mongodb';

export const SETUP_SECRETS = ['kafka-password-admin', 'mongodb-password-admin', 'mongodb-password-processor'];

/**
 * Creates topics, rights, users and indexes. Kafka and MongoDB may still be starting, or changing to a new password,
 * so each part is repeated as a whole until the deadline; every part is idempotent.
 */
export async function setUp(
  config: ToolsConfig,
  secrets: Readonly<Record<string, string>>,
  logger: Logger,
): Promise<void> {
  const deadlineMs = config.setup_deadline_seconds * 1_000;
  const onWait = (what: string) => (reason: string, secondsLeft: number) =>
    logger.info({ reason, seconds_left: secondsLeft }, `waiting for ${what}`);
  const kafka = createKafka({
    clientId: 'metals-setup',
    connection: { ...config.kafka, username: 'admin' },
    password: secrets['kafka-password-admin'],
    logger,
  });
  await Promise.all([
    waitFor({
      what: 'Kafka setup',
      deadlineMs,
      onWait: onWait('Kafka'),
      action: () => setUpKafka(kafka, config, logger),
    }),
    waitFor({
      what: 'MongoDB setup',
      deadlineMs,
      onWait: onWait('MongoDB'),
      action: async () => {
        const client = createMongoClient({ ...config.mongodb, username: 'admin' }, secrets['mongodb-password-admin']);
        try {
          await setUpMongo(client, config, secrets['mongodb-password-processor'], logger);
        } finally {
          await client.close();
        }
      },
    }),
  ]);
}

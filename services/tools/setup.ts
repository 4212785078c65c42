import { createKafka } from '../common/kafka';
import type { Logger } from '../common/log';
import { createMongoClient } from '../common/mongo';
import type { ToolsConfig } from './config';
import { waitFor } from './deadline';
import { withScramUsers } from './scram-users';
import { setUpKafka, type KafkaUsers } from './setup-kafka';
import { setUpMongo } from './setup-mongodb';
import { ADMIN, type Users } from './users';

export const SETUP_SECRETS = [
  'kafka-password-admin',
  'kafka-password-producer',
  'kafka-password-processor',
  'mongodb-password-admin',
  'mongodb-password-processor',
];

/**
 * Creates users, topics, rights and indexes. Kafka and MongoDB may still be starting, or changing to a new password,
 * so each part is repeated as a whole until the deadline; every part is idempotent.
 */
export async function setUp(
  config: ToolsConfig,
  secrets: Readonly<Record<string, string>>,
  users: Users,
  logger: Logger,
): Promise<void> {
  const deadlineMs = config.setup_deadline_seconds * 1_000;
  const onWait = (what: string) => (reason: string, secondsLeft: number) =>
    logger.info({ reason, seconds_left: secondsLeft }, `waiting for ${what}`);
  const connection = { ...config.kafka, username: ADMIN };
  const password = secrets['kafka-password-admin'];
  const kafka = createKafka({ clientId: 'metals-setup', connection, password, logger });
  const kafkaUsers: KafkaUsers = {
    users,
    passwords: { producer: secrets['kafka-password-producer'], processor: secrets['kafka-password-processor'] },
    scram: (action) => withScramUsers(kafka, connection, password, action),
  };
  const processor = {
    name: users.mongodbProcessor,
    password: secrets['mongodb-password-processor'],
    retireOthers: users.retireOthers,
  };
  await Promise.all([
    waitFor({
      what: 'Kafka setup',
      deadlineMs,
      onWait: onWait('Kafka'),
      action: () => setUpKafka(kafka, config, kafkaUsers, logger),
    }),
    waitFor({
      what: 'MongoDB setup',
      deadlineMs,
      onWait: onWait('MongoDB'),
      action: async () => {
        const client = createMongoClient({ ...config.mongodb, username: ADMIN }, secrets['mongodb-password-admin']);
        try {
          await setUpMongo(client, config, processor, logger);
        } finally {
          await client.close();
        }
      },
    }),
  ]);
}

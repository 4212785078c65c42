import type { Engines } from '../common/external';
import { createKafka } from '../common/kafka';
import { kafkaLogin, kafkaSecret } from '../common/kafka-login';
import type { Logger } from '../common/log';
import { createMongoClient } from '../common/mongo';
import { mongoSecret } from '../common/mongo-uri';
import { tellCluster } from './cluster-id';
import type { ToolsConfig } from './config';
import { waitFor } from './deadline';
import { createIsFinal } from './final-error';
import { withScramUsers } from './scram-users';
import { setUpExternalKafka, type KafkaUser } from './setup-external-kafka';
import { setUpExternalMongo } from './setup-external-mongodb';
import { setUpKafka, type KafkaUsers } from './setup-kafka';
import { setUpMongo } from './setup-mongodb';
import { ADMIN, type Users } from './users';

export const setupSecrets = (engines: Engines): string[] => [
  ...['admin', 'producer', 'processor'].map((principal) => `${kafkaSecret(engines)}-${principal}`),
  ...['admin', 'processor'].map((principal) => `${mongoSecret(engines)}-${principal}`),
];

type Secrets = Readonly<Record<string, string>>;

/**
 * Creates users, topics, rights and indexes; of external engines topics and indexes alone. Kafka and MongoDB may still be
 * starting, or changing to a new password, so each part is repeated as a whole until the deadline; every part is idempotent.
 */
export async function setUp(config: ToolsConfig, secrets: Secrets, users: Users, logger: Logger): Promise<void> {
  const deadlineMs = config.setup_deadline_seconds * 1_000;
  const onWait = (what: string) => (reason: string, secondsLeft: number) =>
    logger.info({ reason, seconds_left: secondsLeft }, `waiting for ${what}`);
  const kafka = config.kafka.external
    ? externalKafka(config, secrets, logger)
    : ownKafka(config, secrets, users, logger);
  const mongodb = config.mongodb.external
    ? () => externalMongo(config, secrets, logger)
    : () => ownMongo(config, secrets, users, logger);
  const ofKafka = { what: 'Kafka setup', onWait: onWait('Kafka'), action: kafka };
  const ofMongo = { what: 'MongoDB setup', onWait: onWait('MongoDB'), action: mongodb };
  await Promise.all([
    waitFor({ ...ofKafka, deadlineMs, ...(config.kafka.external && { isFinal: createIsFinal() }) }),
    waitFor({ ...ofMongo, deadlineMs, ...(config.mongodb.external && { isFinal: createIsFinal() }) }),
  ]);
}

function ownKafka(config: ToolsConfig, secrets: Secrets, users: Users, logger: Logger): () => Promise<void> {
  const connection = { ...config.kafka, username: ADMIN };
  const password = secrets['kafka-password-admin'];
  const kafka = createKafka({ clientId: 'metals-setup', connection, password, logger });
  const kafkaUsers: KafkaUsers = {
    users,
    passwords: { producer: secrets['kafka-password-producer'], processor: secrets['kafka-password-processor'] },
    scram: (action) => withScramUsers(kafka, connection, password, action),
  };
  return async () => {
    await setUpKafka(kafka, config, kafkaUsers, logger);
    await tellCluster(kafka, logger);
  };
}

function externalKafka(config: ToolsConfig, secrets: Secrets, logger: Logger): () => Promise<void> {
  const userOf = (principal: string): KafkaUser => {
    const login = kafkaLogin(config.kafka, secrets[`kafka-login-${principal}`]);
    const connection = { ...config.kafka, username: login.username };
    return { login, kafka: createKafka({ clientId: 'metals-setup', connection, password: login.password, logger }) };
  };
  const principals = { admin: userOf('admin'), producer: userOf('producer'), processor: userOf('processor') };
  return async () => {
    await setUpExternalKafka(principals, config, logger);
    await tellCluster(principals.admin.kafka, logger);
  };
}

async function ownMongo(config: ToolsConfig, secrets: Secrets, users: Users, logger: Logger): Promise<void> {
  const processor = {
    name: users.mongodbProcessor,
    password: secrets['mongodb-password-processor'],
    retireOthers: users.retireOthers,
  };
  const client = createMongoClient({ ...config.mongodb, username: ADMIN }, secrets['mongodb-password-admin']);
  try {
    await setUpMongo(client, config, processor, logger);
  } finally {
    await client.close();
  }
}

async function externalMongo(config: ToolsConfig, secrets: Secrets, logger: Logger): Promise<void> {
  const clientOf = (principal: string) => createMongoClient(config.mongodb, secrets[`mongodb-uri-${principal}`]);
  const [admin, processor] = [clientOf('admin'), clientOf('processor')];
  try {
    await setUpExternalMongo(admin, processor, config, logger);
  } finally {
    await Promise.all([admin.close(), processor.close()]);
  }
}

/** `validate`: whether Kafka and MongoDB are as the setup job leaves them, as one JSON line; nothing is changed. */
import { bootstrap, VERSION } from '../common/bootstrap';
import type { Engines } from '../common/external';
import { createKafka } from '../common/kafka';
import { kafkaLogin, kafkaSecret } from '../common/kafka-login';
import { createLogger, errorText } from '../common/log';
import { createMongoClient } from '../common/mongo';
import { mongoSecret } from '../common/mongo-uri';
import { equals, type Check } from './check';
import { checkEngines } from './check-engines';
import { toolsConfigSchema, type ToolsConfig } from './config';
import { ADMIN, readUsers, type Users } from './users';
import { validateKafka } from './validate-kafka';
import { validateMongo } from './validate-mongodb';

const REASON_CHARACTERS = 300;

export const validateSecrets = (engines: Engines): string[] => [
  `${kafkaSecret(engines)}-admin`,
  `${mongoSecret(engines)}-admin`,
];

type Secrets = Readonly<Record<string, string>>;

export async function runValidate(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { config, secrets } = bootstrap({
    component: 'tools',
    schema: toolsConfigSchema,
    secrets: validateSecrets,
    check: checkEngines,
    argv: [...argv],
  });
  const users = readUsers(env);
  const checks = await Promise.all([
    orTell('Kafka', () => kafkaChecks(config, secrets, users)),
    orTell('MongoDB', () => mongoChecks(config, secrets, users)),
  ]);
  process.stdout.write(`${JSON.stringify({ checks: checks.flat() })}\n`);
}

/** An engine that cannot be asked is not as it should be, and does not hide the other one. */
const orTell = (what: string, work: () => Promise<Check[]>): Promise<Check[]> =>
  work().catch((error) => [equals(what, 'can be asked', errorText(error).slice(0, REASON_CHARACTERS))]);

async function kafkaChecks(config: ToolsConfig, secrets: Secrets, users: Users): Promise<Check[]> {
  const { username, password } = kafkaLogin(config.kafka, secrets[`${kafkaSecret(config)}-admin`], ADMIN);
  const logger = createLogger('validate', VERSION, config.log_level);
  const connection = { ...config.kafka, username };
  const admin = createKafka({ clientId: 'metals-validate', connection, password, logger }).admin({
    retry: { retries: 2 },
  });
  await admin.connect();
  try {
    return await validateKafka(admin, config, users);
  } finally {
    await admin.disconnect();
  }
}

async function mongoChecks(config: ToolsConfig, secrets: Secrets, users: Users): Promise<Check[]> {
  const secret = secrets[`${mongoSecret(config)}-admin`];
  const client = createMongoClient(
    config.mongodb.external ? config.mongodb : { ...config.mongodb, username: ADMIN },
    secret,
  );
  try {
    return await validateMongo(client, config, users);
  } finally {
    await client.close();
  }
}

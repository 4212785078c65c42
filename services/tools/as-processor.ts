/** Kafka as the processor is logged in to it: its group is its own, and no other login is at hand. */
import type { Kafka } from 'kafkajs';
import { VERSION } from '../common/bootstrap';
import { loadConfig } from '../common/config';
import type { Engines } from '../common/external';
import type { createKafka } from '../common/kafka';
import { kafkaLogin, kafkaProblems, kafkaSecret } from '../common/kafka-login';
import { createLogger } from '../common/log';
import type { Flags } from './answer';
import { toolsConfigSchema, type ToolsConfig } from './config';
import { readUsers } from './users';

const processorSecret = (engines: Engines): string => `${kafkaSecret(engines)}-processor`;

export interface AsProcessor {
  readonly kafka: Kafka;
  readonly username: string;
  /** How the secret with its password is called, for a message. */
  readonly secret: string;
  readonly config: ToolsConfig;
}

/** @throws ConfigError with every problem of the configuration and its secrets */
export function openAsProcessor(
  verb: string,
  flags: Flags,
  env: NodeJS.ProcessEnv,
  create: typeof createKafka,
): AsProcessor {
  const { kafkaProcessor } = readUsers(env);
  const { config, secrets } = loadConfig({
    schema: toolsConfigSchema,
    file: flags.config,
    secretsDirectory: flags.secrets,
    secrets: (engines) => [processorSecret(engines)],
    check: ({ kafka }, files) => kafkaProblems(kafka, files, kafkaProcessor),
  });
  const secret = processorSecret(config);
  const { username, password } = kafkaLogin(config.kafka, secrets[secret], kafkaProcessor);
  const logger = createLogger(verb, VERSION, 'silent');
  const kafka = create({ clientId: `metals-${verb}`, connection: { ...config.kafka, username }, password, logger });
  return { kafka, username, secret, config };
}

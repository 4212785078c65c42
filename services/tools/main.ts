import { bootstrap, VERSION } from '../common/bootstrap';
import { kafkaProblems } from '../common/kafka-login';
import { createLogger, errorText } from '../common/log';
import { mongoProblems } from '../common/mongo-uri';
import { toolsConfigSchema, type ToolsConfig } from './config';
import { dlq, dlqSecret, tellError } from './dlq';
import { DlqOutput } from './dlq-output';
import { parseDlqRequest } from './dlq-request';
import { awaitBrokers, BROKERS_SECRETS } from './brokers';
import { setUp, setupSecrets } from './setup';
import { smoke, smokeSecrets } from './smoke';
import type { StepResult } from './steps';
import { ADMIN, readUsers } from './users';

const USAGE = 'usage: app.js setup|brokers|smoke|dlq REQUEST [--config FILE] [--secrets DIRECTORY] [--check-config]';
const EXIT_USAGE = 2;

/** The users of the own engines are named by the verbs. */
const check = ({ kafka, mongodb }: ToolsConfig, files: Readonly<Record<string, string>>): string[] => [
  ...kafkaProblems(kafka, files, ADMIN),
  ...mongoProblems(mongodb, files, ADMIN),
];

async function main(): Promise<void> {
  const [verb, ...argv] = process.argv.slice(2);
  if (verb === 'dlq') return runDlq(argv);
  if (verb !== 'setup' && verb !== 'brokers' && verb !== 'smoke') {
    process.stderr.write(`tools: unknown verb ${JSON.stringify(verb ?? '')}; ${USAGE}\n`);
    process.exit(EXIT_USAGE);
  }
  const { config, secrets } = bootstrap({
    component: 'tools',
    schema: toolsConfigSchema,
    secrets: { setup: setupSecrets, brokers: BROKERS_SECRETS, smoke: smokeSecrets }[verb],
    check,
    argv,
  });
  if (verb !== 'smoke') {
    const logger = createLogger(verb, VERSION, config.log_level);
    try {
      if (verb === 'setup') await setUp(config, secrets, readUsers(process.env), logger);
      else await awaitBrokers(config, secrets['kafka-password-admin'], logger);
      logger.info(`${verb} is complete`);
    } catch (error) {
      logger.error({ reason: errorText(error) }, `${verb} failed`);
      process.exitCode = 1;
    }
    return;
  }
  // Standard output belongs to the results.
  const logger = createLogger('smoke', VERSION, 'silent');
  const tell = (result: StepResult): void => void process.stdout.write(`${JSON.stringify(result)}\n`);
  const passed = await smoke(config, secrets, readUsers(process.env), logger, tell);
  process.exitCode = passed ? 0 : 1;
}

/** Standard output belongs to the answer here, an error included: the document that started this reads it there. */
async function runDlq([text, ...argv]: string[]): Promise<void> {
  const output = new DlqOutput((line) => process.stdout.write(line));
  try {
    const request = parseDlqRequest(text);
    const { config, secrets } = bootstrap({
      component: 'tools',
      schema: toolsConfigSchema,
      secrets: (engines) => [dlqSecret(engines)],
      check,
      argv,
    });
    const logger = createLogger('dlq', VERSION, 'silent');
    const done = await dlq(request, config, secrets[dlqSecret(config)], logger, output);
    process.exitCode = done ? 0 : 1;
  } catch (error) {
    tellError(output, error);
    process.exitCode = 1;
  }
}

main().catch((error) => {
  process.stderr.write(`tools: ${errorText(error)}\n`);
  process.exit(1);
});

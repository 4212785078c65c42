import { bootstrap, VERSION } from '../common/bootstrap';
import { createLogger, errorText } from '../common/log';
import { awaitBrokers, BROKERS_SECRETS } from './brokers';
import { checkEngines } from './check-engines';
import { toolsConfigSchema } from './config';
import { runCopy } from './run-copy';
import { runDlq } from './run-dlq';
import { runDrained } from './run-drained';
import { runRewind } from './run-rewind';
import { runValidate } from './run-validate';
import { setUp, setupSecrets } from './setup';
import { smoke, smokeSecrets } from './smoke';
import type { StepResult } from './steps';
import { readUsers } from './users';

const USAGE =
  'usage: app.js setup|brokers|smoke|validate|dlq REQUEST [--config FILE] [--secrets DIRECTORY] [--check-config], ' +
  'app.js drained [CLUSTER_ID] [--config FILE] [--secrets DIRECTORY], ' +
  'app.js rewind REQUEST [--config FILE] [--secrets DIRECTORY], ' +
  'app.js copy REQUEST [--config FILE] [--from FILE] [--secrets DIRECTORY]';
const EXIT_USAGE = 2;

async function main(): Promise<void> {
  const [verb, ...argv] = process.argv.slice(2);
  if (verb === 'dlq') process.exitCode = await runDlq(argv);
  else if (verb === 'drained') process.exitCode = await runDrained(argv, process.env);
  else if (verb === 'rewind') process.exitCode = await runRewind(argv, process.env);
  else if (verb === 'copy') process.exitCode = await runCopy(argv);
  else if (verb === 'validate') await runValidate(argv, process.env);
  else if (verb === 'setup' || verb === 'brokers' || verb === 'smoke') await runJob(verb, argv);
  else {
    process.stderr.write(`tools: unknown verb ${JSON.stringify(verb ?? '')}; ${USAGE}\n`);
    process.exit(EXIT_USAGE);
  }
}

async function runJob(verb: 'setup' | 'brokers' | 'smoke', argv: readonly string[]): Promise<void> {
  const { config, secrets } = bootstrap({
    component: 'tools',
    schema: toolsConfigSchema,
    secrets: { setup: setupSecrets, brokers: BROKERS_SECRETS, smoke: smokeSecrets }[verb],
    check: checkEngines,
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

main().catch((error) => {
  process.stderr.write(`tools: ${errorText(error)}\n`);
  process.exit(1);
});

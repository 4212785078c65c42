import { bootstrap, VERSION } from '../common/bootstrap';
import { createLogger, errorText } from '../common/log';
import { toolsConfigSchema } from './config';
import { setUp, SETUP_SECRETS } from './setup';
import { smoke, SMOKE_SECRETS } from './smoke';

const USAGE = 'usage: app.js setup|smoke [--config FILE] [--secrets DIRECTORY] [--check-config]';
const EXIT_USAGE = 2;

async function main(): Promise<void> {
  const [verb, ...argv] = process.argv.slice(2);
  if (verb !== 'setup' && verb !== 'smoke') {
    process.stderr.write(`tools: unknown verb ${JSON.stringify(verb ?? '')}; ${USAGE}\n`);
    process.exit(EXIT_USAGE);
  }
  const { config, secrets } = bootstrap({
    component: 'tools',
    schema: toolsConfigSchema,
    secrets: verb === 'setup' ? SETUP_SECRETS : SMOKE_SECRETS,
    argv,
  });
  if (verb === 'setup') {
    const logger = createLogger('setup', VERSION, config.log_level);
    try {
      await setUp(config, secrets, logger);
      logger.info('setup is complete');
    } catch (error) {
      logger.error({ reason: errorText(error) }, 'setup failed');
      process.exitCode = 1;
    }
    return;
  }
  // Standard output belongs to the results.
  const logger = createLogger('smoke', VERSION, 'silent');
  const passed = await smoke(config, secrets, logger, (result) => process.stdout.write(`${JSON.stringify(result)}\n`));
  process.exitCode = passed ? 0 : 1;
}

main().catch((error) => {
  process.stderr.write(`tools: ${errorText(error)}\n`);
  process.exit(1);
});

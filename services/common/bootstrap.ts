import { parseArgs } from 'node:util';
import type { z } from 'zod';
import { ConfigError, EXIT_CONFIG, loadConfig, type Loaded, type LoadRequest } from './config';

export interface BootstrapRequest<Schema extends z.ZodType> extends Omit<
  LoadRequest<Schema>,
  'file' | 'secretsDirectory'
> {
  readonly component: string;
  readonly argv: readonly string[];
}

/** Version of the release, set by the stack; the only environment variables that the services read are here. */
export const VERSION = process.env.METALS_VERSION ?? 'development';
/** Number of this task within its service, from 1; 0 outside a Swarm. */
export const TASK_SLOT = Number(process.env.METALS_TASK_SLOT ?? 0);
/** Whom to log in as, where it is not whom the configuration names: on a Swarm each version of a password has a user. */
export const KAFKA_USERNAME = process.env.METALS_KAFKA_USERNAME;
export const MONGODB_USERNAME = process.env.METALS_MONGODB_USERNAME;

/**
 * Loads the configuration or ends the process with 78 and one message that lists every problem.
 * `--check-config` does just that and stops. `--config` and `--secrets` name other places, for use outside a container.
 */
export function bootstrap<Schema extends z.ZodType>(request: BootstrapRequest<Schema>): Loaded<Schema> {
  try {
    const flags = parseFlags(request);
    const loaded = loadConfig({ ...request, file: flags.config, secretsDirectory: flags.secrets });
    if (!flags.checkOnly) return loaded;
    process.stderr.write(`${request.component}: configuration is valid: ${flags.config}\n`);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${request.component}: ${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
}

function parseFlags(request: Pick<BootstrapRequest<z.ZodType>, 'component' | 'argv'>): {
  config: string;
  secrets: string;
  checkOnly: boolean;
} {
  try {
    const { values } = parseArgs({
      args: [...request.argv],
      options: {
        config: { type: 'string', default: `/etc/metals/${request.component}.yml` },
        secrets: { type: 'string', default: '/run/secrets' },
        'check-config': { type: 'boolean', default: false },
      },
    });
    return { config: values.config, secrets: values.secrets, checkOnly: values['check-config'] };
  } catch (error) {
    throw new ConfigError([`command line: ${(error as Error).message.split('\n')[0]}`]);
  }
}

import { bootstrap, VERSION } from '../common/bootstrap';
import { createLogger } from '../common/log';
import { checkEngines } from './check-engines';
import { toolsConfigSchema } from './config';
import { dlq, dlqSecret, tellError } from './dlq';
import { DlqOutput } from './dlq-output';
import { parseDlqRequest } from './dlq-request';

/**
 * Standard output belongs to the answer here, an error included: the document that started this reads it there. Resolves with
 * the exit code.
 */
export async function runDlq([text, ...argv]: readonly string[]): Promise<number> {
  const output = new DlqOutput((line) => process.stdout.write(line));
  try {
    const request = parseDlqRequest(text);
    const { config, secrets } = bootstrap({
      component: 'tools',
      schema: toolsConfigSchema,
      secrets: (engines) => [dlqSecret(engines)],
      check: checkEngines,
      argv,
    });
    const logger = createLogger('dlq', VERSION, 'silent');
    const done = await dlq(request, config, secrets[dlqSecret(config)], logger, output);
    return done ? 0 : 1;
  } catch (error) {
    tellError(output, error);
    return 1;
  }
}

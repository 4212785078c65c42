import { EXIT } from '../../contract';
import type { Context } from '../context';
import { completeCommands } from '../next-command';
import { deploymentOfSecrets } from '../secrets-deployment';
import { assertDeployed, connect } from '../systems-manager';
import type { Verb } from '../verbs/verb';

export const SECRETS_SYNC_FAILED = 'the secrets were not brought to the Swarm';
const AGAIN = './bin/metals secrets sync    # goes on where it stopped';

/** `metals secrets sync`: at once what the association does within half an hour. It changes nothing in Secrets Manager. */
export async function syncSecrets(context: Context): Promise<number> {
  const { terminal, stage, given } = context;
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-deploy', SECRETS_SYNC_FAILED);
  const { deploy } = await deploymentOfSecrets(context, connection, { failure: SECRETS_SYNC_FAILED, again: AGAIN });
  const synced = await deploy('bringing what is current to the Swarm');
  if (terminal.json) terminal.value({ stage, synced });
  else if (synced.length === 0) terminal.note('the Swarm has what is current already: nothing was changed');
  else
    terminal.note(completeCommands(`brought to the Swarm: ${synced.join(', ')}; next: ./bin/metals smoke-test`, given));
  return EXIT.ok;
}

export const verb: Verb = { failure: SECRETS_SYNC_FAILED, run: syncSecrets };

import { EXIT } from '../../contract';
import { explainFailure } from '../../ssm';
import type { Context } from '../context';
import { CliError } from '../errors';
import { lastDeployment } from '../last-deployment';
import { completeCommands } from '../next-command';
import { assertDeployed, connect, runOnManager } from '../systems-manager';
import type { Verb } from '../verbs/verb';

export const REDEPLOY_FAILED = 'the last deployment was not repeated';
/** As stack-deploy itself. */
const DEFAULT_TIMEOUT_SECONDS = 3_400;
const AGAIN = './bin/metals redeploy    # goes on where it stopped';

/** `metals redeploy`: the last deployment once more, as it was: what somebody has changed by hand is put back. */
export async function redeploy(context: Context): Promise<number> {
  const { terminal, stage, given } = context;
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-deploy', REDEPLOY_FAILED);
  const parameters = await lastDeployment(connection.ssm, stage);
  if (parameters === undefined)
    throw new CliError(
      REDEPLOY_FAILED,
      `what stage "${stage}" was deployed with is not known: an older version has deployed it`,
      ['./bin/metals deploy'],
      'other-version',
    );
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const title = 'deploying once more what was deployed last';
  const again = { ...parameters, OnlyWhen: 'always' };
  const state = await runOnManager(context, connection, 'stack-deploy', title, timeoutSeconds, again);
  context.leaveBehind = [];
  if (!state.succeeded)
    throw new CliError(
      REDEPLOY_FAILED,
      explainFailure(state, connection.region),
      ['./bin/metals doctor', AGAIN],
      'document-failed',
    );
  if (terminal.json) terminal.value({ stage, redeployed: true, command_id: state.commandId });
  else terminal.note(completeCommands('the Swarm is as it was deployed last; next: ./bin/metals smoke-test', given));
  return EXIT.ok;
}

export const verb: Verb = { failure: REDEPLOY_FAILED, run: redeploy };

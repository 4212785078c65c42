import { EXIT } from '../../contract';
import { explainFailure } from '../../ssm';
import { visible } from '../../safe-text';
import { askManager } from '../ask-manager';
import type { Context } from '../context';
import type { SwarmEvidence } from '../doctor/evidence';
import { packedSwarmEvidence } from '../doctor/packed';
import { CliError } from '../errors';
import { lastDeployment } from '../last-deployment';
import { completeCommands } from '../next-command';
import { assertDeployed, connect, runOnManager, type Connection } from '../systems-manager';
import type { Verb } from '../verbs/verb';
import { versionName } from '../versions';

export const REDEPLOY_FAILED = 'the last deployment was not repeated';
/** As stack-deploy itself. */
const DEFAULT_TIMEOUT_SECONDS = 3_400;
const AGAIN = './bin/metals redeploy    # goes on where it stopped';

/** To look at what was changed by hand. */
const LOOK_SECONDS = 60;

export interface RedeployOptions {
  readonly dryRun?: boolean;
}

/** `metals redeploy`: the last deployment once more, as it was: what somebody has changed by hand is put back. */
export async function redeploy(context: Context, { dryRun = false }: RedeployOptions = {}): Promise<number> {
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
  const version = versionName(parameters);
  if (dryRun) {
    const drift = await changedByHand(context, connection);
    if (terminal.json) terminal.value({ stage, redeployed: false, version, changed_by_hand: drift, command_id: null });
    else {
      for (const one of drift) terminal.data(visible(driftLine(one)));
      const what = drift.length === 0 ? 'no image or config was changed by hand' : 'it would put back what is above';
      terminal.note(`version ${version} would be deployed once more; ${what}; nothing was changed`);
    }
    return EXIT.ok;
  }
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
  if (terminal.json)
    terminal.value({ stage, redeployed: true, version, changed_by_hand: null, command_id: state.commandId });
  else terminal.note(completeCommands('the Swarm is as it was deployed last; next: ./bin/metals smoke-test', given));
  return EXIT.ok;
}

type Drift = SwarmEvidence['drift'][number];

/** Images and configs that are others than were deployed; the deployment looks at all else, too. */
async function changedByHand(context: Context, connection: Connection): Promise<readonly Drift[]> {
  const { drift } = await askManager(context, connection, {
    ...{ document: 'swarm-evidence', title: 'asking a manager', parameters: {}, answer: packedSwarmEvidence },
    timeoutSeconds: context.timeoutSeconds ?? LOOK_SECONDS,
    failure: 'what was changed by hand is not known',
    next: './bin/metals status',
  });
  return drift;
}

const driftLine = ({ service, what, is, deployed }: Drift): string =>
  what === 'service' ? `${service} is not there` : `${service}: ${what} ${is ?? 'none'} → ${deployed ?? 'none'}`;

export const verb: Verb<RedeployOptions> = { failure: REDEPLOY_FAILED, run: redeploy };

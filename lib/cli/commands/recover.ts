import { documentName, EXIT, TAG, type NodeRole } from '../../contract';
import { explainFailure, listOnline, listSpeakers } from '../../ssm';
import { Deadline } from '../../ssm/deadline';
import { withActivity } from '../activity';
import { clientsOf } from '../clients';
import { confirmOnTerminal, type Confirm } from '../confirm';
import type { Context } from '../context';
import { CliError } from '../errors';
import type { ManagerInstance } from '../manager-instances';
import { completeCommands } from '../next-command';
import { assertDeployed, connect, runOnInstance, type Connection } from '../systems-manager';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const RECOVER_FAILED = 'the Swarm was not recovered';
const DEFAULT_TIMEOUT_SECONDS = 600;
const STATUS = './bin/metals status';

export interface RecoverOptions {
  /** The manager that goes on. @default the only one that is online */
  readonly slot?: string;
  readonly yes?: boolean;
}

/**
 * `metals recover`: where a majority of the managers is lost for good, one goes on alone with what it knows. The document that
 * it runs refuses as long as a majority is up; the other managers' instances end before, so that there are never two Swarms,
 * and those that replace them join as new nodes.
 */
export async function recover(
  context: Context,
  options: RecoverOptions,
  confirm: Confirm = confirmOnTerminal,
): Promise<number> {
  const { terminal } = context;
  if (!options.yes && !terminal.interactive) {
    throw new CliError(
      RECOVER_FAILED,
      'it asks before it ends instances, and nobody can answer here: stdin is not a terminal',
      ['add --yes to go on without being asked'],
      'unconfirmed',
    );
  }
  const connection = await connect(context);
  await assertDeployed(context, connection, 'swarm-recover', RECOVER_FAILED);
  // Loaded here: no other command waits for EC2's client.
  const [{ EC2Client }, { endInstances, listManagers }] = await Promise.all([
    import('@aws-sdk/client-ec2'),
    import('../manager-instances'),
  ]);
  const ec2 = (await clientsOf(context, connection.region))(EC2Client);
  try {
    const managers = await listManagers(ec2, context.stage);
    const online = await onlineManagers(connection, context.stage);
    const survivor = chooseSurvivor(managers, online, options.slot);
    const others = managers.filter(({ id }) => id !== survivor.id);
    await refuseMajority(context, connection, managers, online);
    terminal.note(
      `${survivor.slot} (${survivor.id}) goes on alone with what it knows of the Swarm; ` +
        (others.length
          ? `the instances of ${others.map(({ slot, id }) => `${slot} (${id})`).join(', ')} end, and join it as new nodes when they are replaced`
          : 'no other manager has an instance'),
    );
    if (!options.yes && !(await confirm('recover?', context.interrupted)))
      throw new CliError(RECOVER_FAILED, 'the answer was not yes: nothing was changed', [STATUS], 'declined');
    await step(context, connection, survivor, 'claim', `asking ${survivor.slot} whether a majority is lost`);
    // Listed again: one that was launched before the claim knows nothing of it; one that comes later does.
    const before = (await listManagers(ec2, context.stage)).filter(({ id }) => id !== survivor.id);
    await withActivity(terminal, 'ending the other managers', (activity) =>
      endInstances(
        ec2,
        before.map(({ id }) => id),
        new Deadline(context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS),
        (reason) => activity.waitsFor(reason),
      ),
    );
    await step(context, connection, survivor, 'recover', `${survivor.slot} goes on alone`);
  } finally {
    ec2.destroy();
  }
  if (terminal.json) terminal.value({ stage: context.stage, recovered: true });
  else terminal.note(completeCommands(`recovered; next: ./bin/metals deploy    # and then: ${STATUS}`, context.given));
  return EXIT.ok;
}

/**
 * A manager that is cut off cannot tell the others from lost ones; Systems Manager reaches all that run.
 *
 * @throws CliError where one of them speaks for the Swarm
 */
async function refuseMajority(
  { stage, terminal }: Context,
  { ssm, region }: Connection,
  managers: readonly ManagerInstance[],
  online: readonly string[],
): Promise<void> {
  const speaking = await withActivity(terminal, 'asking every manager that is online', (activity) =>
    listSpeakers(ssm, { stage, ids: online, probe: documentName(stage, 'stack-status') }, (reason) =>
      activity.waitsFor(reason),
    ),
  );
  if (speaking.length === 0) return;
  const names = managers.filter(({ id }) => speaking.includes(id)).map(({ slot, id }) => `${slot} (${id})`);
  throw new CliError(
    RECOVER_FAILED,
    `there is nothing to recover: ${names.join(', ')} speaks for the Swarm, so a majority of the managers is up`,
    [
      `${STATUS}    # says what is away; mend its network, or end its instance: it is replaced, and comes back`,
      `aws ssm describe-instance-information --region ${region}`,
    ],
    'refused',
  );
}

const onlineManagers = ({ ssm }: Connection, stage: string): Promise<string[]> =>
  listOnline(ssm, [
    { key: `tag:${TAG.stage}`, values: [stage] },
    { key: `tag:${TAG.role}`, values: ['manager' satisfies NodeRole] },
  ]);

/**
 * Pure: the manager that goes on.
 *
 * @param online ids of the instances that take commands
 * @throws CliError where none can, or the choice is not ours: each knows what it knew when it was cut off
 */
export function chooseSurvivor(
  managers: readonly ManagerInstance[],
  online: readonly string[],
  slot?: string,
): ManagerInstance {
  const candidates = managers.filter(({ id }) => online.includes(id));
  const names = candidates.map((candidate) => candidate.slot).join(', ');
  if (candidates.length === 0) {
    const states = managers.map((manager) => `${manager.slot} (${manager.id})`).join(', ');
    throw new CliError(
      RECOVER_FAILED,
      `no manager is online in Systems Manager; instances: ${states || 'none'}`,
      ['restore a snapshot of a manager: docs/nodes.md, Snapshots', STATUS],
      'no-manager',
    );
  }
  const chosen = slot === undefined ? candidates : candidates.filter((candidate) => candidate.slot === slot);
  if (chosen.length === 1) return chosen[0]!;
  if (slot !== undefined)
    throw new CliError(
      RECOVER_FAILED,
      `--slot: ${slot} is not online; online: ${names}`,
      [`./bin/metals recover --slot ${candidates[0]!.slot}`],
      'usage',
    );
  throw new CliError(
    RECOVER_FAILED,
    `several managers are online (${names}), and one must be chosen`,
    [...candidates.map((candidate) => `./bin/metals recover --slot ${candidate.slot}`)],
    'usage',
  );
}

async function step(
  context: Context,
  connection: Connection,
  { id: instanceId }: ManagerInstance,
  Step: 'claim' | 'recover',
  title: string,
): Promise<void> {
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const command = { id: 'swarm-recover' as const, title, timeoutSeconds, parameters: { Step } };
  const state = await runOnInstance(context, connection, instanceId, command);
  context.leaveBehind = [];
  if (!state.succeeded)
    throw new CliError(RECOVER_FAILED, explainFailure(state, connection.region), [STATUS], 'document-failed');
}

export const verb: Verb<RecoverOptions> = { failure: RECOVER_FAILED, run: recover, graceMs: GRACE_MS };

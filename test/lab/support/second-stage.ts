/** A stage beside the one that runs, without a pipeline: for the first moments of a deployment, which happen once. */
import { cloudFormationStackName, type StackId } from '../../../lib/contract';
import { bootLog, instancesOf } from './instances';
import { cdk, contextOf, type Result, type Settings } from './run';

export const SECOND_STAGE = 'second';
const SETTINGS = { stage: SECOND_STAGE, vpcCidr: '10.41.0.0/16', workers: 1 };
const LOOK_MILLISECONDS = 2000;

export const settingsOf = (more: Settings = {}): string[] => contextOf({ ...SETTINGS, ...more });

/** Deploys one of its stacks, and those that it needs unless they are left out. */
export const deploySecond = (stack: StackId, settings: Settings = {}, ...options: string[]): Promise<Result> =>
  cdk(
    'deploy',
    cloudFormationStackName(SECOND_STAGE, stack),
    '--require-approval',
    'never',
    ...options,
    ...settingsOf(settings),
  );

/** Everything of it goes; a stage that is not there is no failure. */
export async function destroySecond(settings: Settings = {}): Promise<void> {
  const result = await cdk('destroy', '--all', '--force', ...settingsOf(settings));
  if (result.code !== 0) throw new Error(`cdk destroy of stage ${SECOND_STAGE}:\n${result.stderr}`);
}

/**
 * Runs a deployment and keeps what the boots of its nodes say meanwhile: a rollback takes the nodes away.
 *
 * @throws Error with what CloudFormation and the boots said, when it fails
 */
export async function mustDeployNodes(settings: Settings = {}): Promise<string> {
  const said = new Map<string, string>();
  let deploying = true;
  const watch = (async () => {
    while (deploying) {
      // A node may go while it is looked at.
      for (const node of await instancesOf(SECOND_STAGE).catch(() => [])) {
        const text = await bootLog(node);
        if (text) said.set(`${node.slot} (${node.id})`, text);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS));
    }
  })();
  const result = await deploySecond('swarm', settings);
  deploying = false;
  await watch;
  const boots = [...said].map(([node, text]) => `${node}:\n${text}`).join('\n');
  if (result.code !== 0) throw new Error(`cdk deploy of stage ${SECOND_STAGE}:\n${result.stderr}\n${boots}`);
  return boots;
}

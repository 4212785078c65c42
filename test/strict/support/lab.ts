/** The lab that is up, as the runner of planted defects uses it: deployed from a copy, asked, and brought back. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StackId } from '../../../lib/contract';
import { FOREIGN_VARIABLES } from '../../../lib/lab/lab-files';
import { takeLab } from '../../../lib/lab/lock';
import { lastEvents } from '../../../lib/lab/cdk-output';
import { cloudFormation, listStacks } from '../../../lib/lab/stack-operations';
import { labStatus } from '../../../lib/lab/status';
import { lastParameters, mustRunDocument } from '../../lab/support/commands';
import enterLab from '../../lab/support/global-setup';
import { SECOND_STAGE, settingsOf } from '../../lab/support/second-stage';
import { type Ended, LAB_LIMIT_SECONDS, runProgram } from './check';
import type { LabDefect } from './defects';
import { deployArguments, labProblem, leftStages, restoreFailure, stacksToRestore } from './lab-plan';

const CDK = 'node_modules/.bin/cdk';
/** Not `cdk.out`: taking away a stage that a test has left makes that anew, for that stage. */
const ASSEMBLY = 'cdk.sound';
/** Kafka and the processor find each other again after a node was away. */
const HEALTH_ATTEMPTS = 8;
const HEALTH_PAUSE_MILLISECONDS = 10_000;

/** @throws LabError where no lab is up, or somebody else changes it */
export async function requireLab(): Promise<void> {
  const problem = labProblem(await labStatus());
  if (problem) throw problem;
  for (const name of FOREIGN_VARIABLES) delete process.env[name];
  enterLab();
  takeLab();
}

export const deployFrom = (copy: string, stacks: readonly StackId[]): Promise<Ended> =>
  runProgram(CDK, deployArguments(stacks), copy, LAB_LIMIT_SECONDS);

/** Templates of the product as it is, once: every way back is a deployment of them. */
export async function synthesise(copy: string): Promise<void> {
  const { exitCode, output } = await runProgram(
    CDK,
    ['synth', '--quiet', '--output', ASSEMBLY],
    copy,
    LAB_LIMIT_SECONDS,
  );
  if (exitCode !== 0) throw new Error(`cdk synth: ${output.slice(-2000)}`);
}

/** Brings these stacks to the product as it is, and waits until the pipeline passes its smoke test. */
export async function bringBack(sound: string, stacks: readonly StackId[], id: string): Promise<void> {
  await removeLeftStages(sound, id);
  if (stacks.length > 0) {
    const args = [...deployArguments(stacks), '--app', ASSEMBLY];
    const { exitCode, output } = await runProgram(CDK, args, sound, LAB_LIMIT_SECONDS);
    if (exitCode !== 0) throw restoreFailure(id, `cdk deploy: ${lastEvents(output.split('\n')).join('\n')}`);
  }
  const ill = await illness(sound);
  if (ill !== undefined) throw restoreFailure(id, ill);
}

export const restore = (sound: string, defect: LabDefect): Promise<void> =>
  bringBack(sound, stacksToRestore(defect), defect.id);

/** A test takes away the stage that it has made, unless it was cut off. */
async function removeLeftStages(sound: string, id: string): Promise<void> {
  const client = cloudFormation(process.env as Record<string, string>);
  const names = await listStacks(client).then((stacks) => stacks.map(({ name }) => name));
  client.destroy();
  for (const stage of leftStages(names)) {
    if (stage !== SECOND_STAGE) throw restoreFailure(id, `the lab has a stage ${stage}, which no test here has made`);
    const args = ['destroy', '--all', '--force', ...settingsOf()];
    const { exitCode, output } = await runProgram(CDK, args, sound, LAB_LIMIT_SECONDS);
    if (exitCode !== 0) throw restoreFailure(id, `cdk destroy of stage ${stage}: ${output.slice(-2000)}`);
  }
}

/** Undefined, or what the last smoke test said. */
async function illness(sound: string): Promise<string | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const { exitCode, output } = await runProgram('bin/metals', ['smoke-test'], sound, LAB_LIMIT_SECONDS);
    if (exitCode === 0) return undefined;
    // No template has changed, so no deployment would: a stack that Docker has refused is half taken away.
    // Whoever has sent it last: the association would only look at secrets.
    const parameters = { ...(await lastParameters('stack-deploy')), OnlyWhen: 'always' };
    if (attempt === 1) await mustRunDocument('stack-deploy', 'manager-1', parameters);
    if (attempt === HEALTH_ATTEMPTS) return `metals smoke-test: ${output.slice(-2000)}`;
    await sleep(HEALTH_PAUSE_MILLISECONDS);
  }
}

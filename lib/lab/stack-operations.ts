/** Stack operations that the lab was in the middle of: awaited while the gateway runs, cleared when it has restarted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudFormationClient, DeleteStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { LAB_REGION } from '../contract';
import { LabError, type Progress } from './lab-error';

const WAIT_DEADLINE_SECONDS = 20 * 60;
const DELETE_DEADLINE_SECONDS = 5 * 60;
const POLL_MILLISECONDS = 2000;
const REPORT_EVERY_POLLS = 5;

export interface Stack {
  readonly name: string;
  readonly status: string;
}

export const inProgress = (stacks: readonly Stack[]): Stack[] =>
  stacks.filter(({ status }) => status.endsWith('_IN_PROGRESS'));

/** Pure: a creation that nobody continues is deleted, and made again by the next deployment; an update has no way back. */
export function interrupted(stacks: readonly Stack[]): { readonly deletable: Stack[]; readonly stuck: Stack[] } {
  const isUpdate = ({ status }: Stack): boolean => status.startsWith('UPDATE_');
  const all = inProgress(stacks);
  return { deletable: all.filter((stack) => !isUpdate(stack)), stuck: all.filter(isUpdate) };
}

export const describe = (stacks: readonly Stack[]): string =>
  stacks.map(({ name, status }) => `${name} (${status})`).join(', ');

export function cloudFormation(lab: Readonly<Record<string, string>>): CloudFormationClient {
  return new CloudFormationClient({
    endpoint: lab.AWS_ENDPOINT_URL,
    region: LAB_REGION,
    credentials: { accessKeyId: lab.AWS_ACCESS_KEY_ID!, secretAccessKey: lab.AWS_SECRET_ACCESS_KEY! },
  });
}

export async function listStacks(client: CloudFormationClient): Promise<Stack[]> {
  const { Stacks = [] } = await client.send(new DescribeStacksCommand({}));
  return Stacks.map(({ StackName = '', StackStatus = '' }) => ({ name: StackName, status: StackStatus }));
}

/** Replacing the gateway now would leave a stack in progress for ever. */
export async function waitForOperations(lab: Readonly<Record<string, string>>, progress: Progress): Promise<void> {
  const client = cloudFormation(lab);
  try {
    await until(client, (stacks) => inProgress(stacks), WAIT_DEADLINE_SECONDS, progress);
  } finally {
    client.destroy();
  }
}

/** After a start of the gateway: what it was in the middle of is nobody's work any more. */
export async function clearInterrupted(lab: Readonly<Record<string, string>>, progress: Progress): Promise<void> {
  const client = cloudFormation(lab);
  try {
    const { deletable, stuck } = interrupted(await listStacks(client));
    if (stuck.length > 0)
      throw new LabError(`the lab stopped in the middle of an update that cannot be continued: ${describe(stuck)}`, [
        'npm run lab:down && npm run lab    # from nothing',
      ]);
    if (deletable.length === 0) return;
    progress.report(`the lab stopped in the middle of ${describe(deletable)}: removed, to be made again`);
    const names = new Set(deletable.map(({ name }) => name));
    for (const name of names) await client.send(new DeleteStackCommand({ StackName: name }));
    const left = (stacks: readonly Stack[]): Stack[] =>
      stacks.filter(({ name, status }) => names.has(name) && status !== 'DELETE_COMPLETE');
    await until(client, left, DELETE_DEADLINE_SECONDS, progress);
  } finally {
    client.destroy();
  }
}

async function until(
  client: CloudFormationClient,
  waitsFor: (stacks: readonly Stack[]) => Stack[],
  deadlineSeconds: number,
  { report, signal }: Progress,
): Promise<void> {
  const deadline = Date.now() + deadlineSeconds * 1000;
  for (let poll = 0; ; poll++) {
    const left = waitsFor(await listStacks(client));
    if (left.length === 0) return;
    if (Date.now() > deadline)
      throw new LabError(`still in progress after ${deadlineSeconds} s: ${describe(left)}`, [
        'npm run lab:down && npm run lab    # from nothing',
      ]);
    if (poll % REPORT_EVERY_POLLS === 0) report(`waiting for ${describe(left)}`);
    await sleep(POLL_MILLISECONDS, undefined, { signal });
  }
}

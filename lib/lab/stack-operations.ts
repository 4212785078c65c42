/** Stack operations that the lab is in the middle of. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { LAB_REGION } from '../contract';
import { LabError, type Progress } from './lab-error';
import type { LabEnvironment } from './lab-files';

const WAIT_DEADLINE_SECONDS = 20 * 60;
const POLL_MILLISECONDS = 2000;
const REPORT_EVERY_POLLS = 5;

export interface Stack {
  readonly name: string;
  readonly status: string;
}

/** A stack in review has a change set and nothing that works at it. */
export const inProgress = (stacks: readonly Stack[]): Stack[] =>
  stacks.filter(({ status }) => status.endsWith('_IN_PROGRESS') && status !== 'REVIEW_IN_PROGRESS');

export const describe = (stacks: readonly Stack[]): string =>
  stacks.map(({ name, status }) => `${name} (${status})`).join(', ');

export function cloudFormation(lab: LabEnvironment): CloudFormationClient {
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

/** Waits until no stack is worked at: replacing the gateway in the middle would make the operation come to nothing. */
export async function waitForOperations(lab: LabEnvironment, { report, signal }: Progress): Promise<void> {
  const client = cloudFormation(lab);
  const deadline = Date.now() + WAIT_DEADLINE_SECONDS * 1000;
  try {
    for (let poll = 0; ; poll++) {
      const left = inProgress(await listStacks(client));
      if (left.length === 0) return;
      if (Date.now() > deadline)
        throw new LabError(`still in progress after ${WAIT_DEADLINE_SECONDS} s: ${describe(left)}`, [
          'npm run lab:down && npm run lab    # from nothing',
        ]);
      if (poll % REPORT_EVERY_POLLS === 0) report(`waiting for ${describe(left)}`);
      await sleep(POLL_MILLISECONDS, undefined, { signal });
    }
  } finally {
    client.destroy();
  }
}

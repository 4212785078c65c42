/** The instances of a stage, and of its managers, as EC2 knows them. */
import { type EC2Client, type Filter, paginateDescribeInstances, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { type NodeRole, TAG } from '../contract';
import { Deadline, pollUntil, type Look } from '../ssm/deadline';
import { throughThrottling } from '../ssm/throttling';

export interface ManagerInstance {
  readonly id: string;
  readonly slot: string;
}

/** All that have not ended. */
export async function listManagers(client: EC2Client, stage: string): Promise<ManagerInstance[]> {
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage] },
    { Name: `tag:${TAG.role}`, Values: ['manager' satisfies NodeRole] },
    { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'] },
  ];
  const found = await listInstances(client, Filters);
  return found.map(({ id, slot = id }) => ({ id, slot })).sort((a, b) => a.slot.localeCompare(b.slot));
}

export interface ListedInstance {
  readonly id: string;
  readonly slot?: string;
  readonly launchedAt?: Date;
}

/** Those that fit, each with the slot of its tag. */
export async function listInstances(client: EC2Client, Filters: Filter[]): Promise<ListedInstance[]> {
  const found: ListedInstance[] = [];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { Filters }))
    for (const { InstanceId, LaunchTime, Tags = [] } of Reservations.flatMap(({ Instances = [] }) => Instances))
      found.push({ id: InstanceId!, slot: Tags.find(({ Key }) => Key === TAG.slot)?.Value, launchedAt: LaunchTime });
  return found;
}

/** Ends them, and waits until none runs any more. */
export async function endInstances(
  client: EC2Client,
  ids: readonly string[],
  deadline: Deadline,
  onWait: (reason: string) => void,
): Promise<void> {
  if (ids.length === 0) return;
  await client.send(new TerminateInstancesCommand({ InstanceIds: [...ids] }));
  await pollUntil(
    `the end of ${ids.join(', ')}`,
    deadline,
    throughThrottling(async (): Promise<Look<true>> => {
      const running: string[] = [];
      for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { InstanceIds: [...ids] })) {
        for (const { InstanceId, State } of Reservations.flatMap(({ Instances = [] }) => Instances))
          if (State?.Name !== 'terminated') running.push(`${InstanceId} is ${State?.Name}`);
      }
      return running.length ? { waitingFor: running.join(', ') } : { value: true };
    }),
    onWait,
  );
}

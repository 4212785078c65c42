/** The instances of a stage's managers, as EC2 knows them. */
import { type EC2Client, paginateDescribeInstances, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
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
  const found: ManagerInstance[] = [];
  for await (const { Reservations = [] } of paginateDescribeInstances({ client }, { Filters })) {
    for (const { InstanceId, Tags = [] } of Reservations.flatMap(({ Instances = [] }) => Instances))
      found.push({ id: InstanceId!, slot: Tags.find(({ Key }) => Key === TAG.slot)?.Value ?? InstanceId! });
  }
  return found.sort((a, b) => a.slot.localeCompare(b.slot));
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

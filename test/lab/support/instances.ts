/** Instances of a stage by slot, as EC2 knows them; each is a container of this machine. */
import { DescribeInstancesCommand, EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { LAB_PREFIX, TAG } from '../../../lib/contract';
import { tryInNode } from './nodes';
import { eventually } from './run';

export interface SlotInstance {
  readonly id: string;
  readonly imageId: string;
  readonly slot: string;
  readonly container: string;
}

/** Those that run. */
export async function instancesOf(stage: string): Promise<SlotInstance[]> {
  const filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage] },
    { Name: 'instance-state-name', Values: ['running'] },
  ];
  const reply = await new EC2Client({}).send(new DescribeInstancesCommand({ Filters: filters }));
  const found = (reply.Reservations ?? []).flatMap(({ Instances = [] }) => Instances);
  return found.map(({ InstanceId, ImageId, Tags = [] }) => ({
    id: InstanceId!,
    imageId: ImageId!,
    slot: Tags.find(({ Key }) => Key === TAG.slot)?.Value ?? '',
    container: `${LAB_PREFIX}-${InstanceId}`,
  }));
}

export async function instanceOfSlot(stage: string, slot: string): Promise<SlotInstance> {
  const found = (await instancesOf(stage)).filter((instance) => instance.slot === slot);
  if (found.length !== 1) throw new Error(`expected one running instance of ${slot}, found ${found.length}`);
  return found[0]!;
}

/** What the boot of a node has said so far; empty before it has begun. */
export const bootLog = async ({ container }: SlotInstance): Promise<string> =>
  (await tryInNode(container, ['journalctl', '-u', 'metals-boot.service'])).stdout;

/** Terminates the instance of a slot; answers the one that takes its place, once its boot is over, however it ended. */
export async function replaceInstance(stage: string, slot: string): Promise<SlotInstance> {
  const before = await instanceOfSlot(stage, slot);
  await new EC2Client({}).send(new TerminateInstancesCommand({ InstanceIds: [before.id] }));
  return replacementOf(stage, before, 240);
}

/** The instance that takes the place of another, once its boot is over, however it ended. */
export async function replacementOf(
  stage: string,
  before: SlotInstance,
  timeoutSeconds: number,
): Promise<SlotInstance> {
  let after = before;
  await eventually(`the boot of the instance that replaces ${before.id}`, timeoutSeconds, async () => {
    const [found] = (await instancesOf(stage)).filter((each) => each.slot === before.slot && each.id !== before.id);
    if (!found) return 'there is none yet';
    after = found;
    const { stdout } = await tryInNode(found.container, ['systemctl', 'is-active', 'metals-boot.service']);
    const state = stdout.trim();
    return ['active', 'failed'].includes(state) ? undefined : `${found.id} is ${state}`;
  });
  return after;
}

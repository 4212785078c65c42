/** Volumes that are lost: what a deployment says of one, and the way back that it advises. */
import {
  CreateVolumeCommand,
  DeleteTagsCommand,
  DeleteVolumeCommand,
  DescribeVolumesCommand,
  EC2Client,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { DeleteParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { parameterPath, TAG } from '../../../lib/contract';
import { instancesOf } from './instances';
import { contextOf, eventually, metals, type Settings } from './run';
import { stage } from './secrets';
import { type SlotVolume, volumeOfSlot } from './volumes';

const ec2 = new EC2Client({});
const ssm = new SSMClient({});

/** The slot's volume is out of the stage's sight, as one that is gone. */
export async function loseVolume(slot: string): Promise<SlotVolume> {
  const volume = await volumeOfSlot(stage(), slot);
  await ec2.send(new DeleteTagsCommand({ Resources: [volume.id], Tags: [{ Key: TAG.slot }, { Key: TAG.stage }] }));
  return volume;
}

/** What the refusal advises. */
async function beginEmpty(slot: string, { availabilityZone, sizeGiB }: SlotVolume): Promise<void> {
  const Tags = [
    { Key: TAG.stage, Value: stage() },
    { Key: TAG.slot, Value: slot },
  ];
  await ec2.send(
    new CreateVolumeCommand({
      ...{ AvailabilityZone: availabilityZone, Size: sizeGiB, VolumeType: 'gp3', Encrypted: true },
      TagSpecifications: [{ ResourceType: 'volume', Tags }],
    }),
  );
}

/** Deploys, is refused, does what is advised, and deploys again. */
export async function beginAgain(
  slot: string,
  lost: SlotVolume,
  says: readonly string[],
  settings: Settings = {},
): Promise<void> {
  // `cdk deploy` by itself finds its template unchanged, and looks for nothing.
  const deploy = () => metals('deploy', '--yes', ...contextOf(settings));
  const refused = await deploy();
  expect(refused.code).not.toBe(0);
  const told = `${refused.stdout}${refused.stderr}`;
  for (const text of says) expect(told).toContain(text);
  const claim = parameterPath(stage(), 'claim');
  if (says.some((text) => text.includes(claim))) await ssm.send(new DeleteParameterCommand({ Name: claim }));
  await beginEmpty(slot, lost);
  const deployed = await deploy();
  if (deployed.code !== 0) throw new Error(`metals deploy after ${slot} was lost:\n${deployed.stderr}`);
}

/** After a failure on the way: the slot comes back empty, so that whatever is done next is not refused for it. */
export async function bringBack(
  slot: string,
  lost: SlotVolume,
  settings: Settings,
  holdsSwarm: boolean,
): Promise<void> {
  const Name = parameterPath(stage(), 'claim');
  if (holdsSwarm) await ssm.send(new DeleteParameterCommand({ Name })).catch(() => undefined);
  const has = await volumeOfSlot(stage(), slot).catch(() => undefined);
  if (!has) await beginEmpty(slot, lost);
  await metals('deploy', '--yes', ...contextOf(settings));
}

/** Until nothing holds it any more. */
export const deleteVolume = ({ id }: SlotVolume): Promise<void> =>
  eventually(`the end of ${id}`, 120, () =>
    ec2.send(new DeleteVolumeCommand({ VolumeId: id })).then(
      () => undefined,
      (error: Error) => error.message,
    ),
  );

/** The slot's instance ends, and its volume is gone before the next one has it. */
export async function loseNode(slot: string): Promise<SlotVolume> {
  const volume = await volumeOfSlot(stage(), slot);
  await eventually(`the end of ${volume.id}`, 240, async () => {
    const holder = await holderOf(volume);
    if (holder !== undefined) await ec2.send(new TerminateInstancesCommand({ InstanceIds: [holder] }));
    return ec2.send(new DeleteVolumeCommand({ VolumeId: volume.id })).then(
      () => undefined,
      (error: Error) => error.message,
    );
  });
  return volume;
}

/** The instance that runs with it. */
async function holderOf({ id }: SlotVolume): Promise<string | undefined> {
  const { Volumes: [volume] = [] } = await ec2.send(new DescribeVolumesCommand({ VolumeIds: [id] }));
  const holder = volume?.Attachments?.[0]?.InstanceId;
  const running = await instancesOf(stage());
  return running.some((instance) => instance.id === holder) ? holder : undefined;
}

/** Lets the processors read again all events that Kafka still has. */
export async function rewindAll(): Promise<void> {
  const { code, stderr } = await metals('rewind', '--all', '--yes');
  if (code !== 0) throw new Error(`metals rewind --all:\n${stderr}`);
}

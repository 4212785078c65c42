import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  CreateTagsCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeVolumesCommand,
  DescribeVolumesModificationsCommand,
  EC2Client,
  ModifyVolumeCommand,
  paginateDescribeVolumes,
  type Volume,
} from '@aws-sdk/client-ec2';
import { SSMClient } from '@aws-sdk/client-ssm';
import { FIRST_MANAGER, TAG } from '../contract';
import { Deadline, pollUntil, type Look } from '../ssm/deadline';
import { throughThrottling } from '../ssm/throttling';
import { asTagList, type DataTags, type KeptDataEvent, type KeptDataResult, type OnDelete } from './kept-data';
import { beginsEmpty, chooseVolume, type FoundVolume } from './kept-volume-choice';
import { throughLateGrants } from './late-grants';
import { inWords, reason } from './reason';
import { forgetSwarm, refuseSecondSwarm } from './remembered-swarm';

/** Properties of `Custom::KeptVolume`; CloudFormation passes every scalar as a string. */
export interface VolumeProperties {
  readonly Stage: string;
  readonly Slot: string;
  readonly Role: string;
  readonly AvailabilityZone: string;
  readonly SizeGiB: string;
  readonly OnDelete: OnDelete;
  /** What is on it, and nowhere else, separated by commas. */
  readonly Holds?: string;
  /** Of the configuration; a tag that is not named any more stays. */
  readonly Tags?: DataTags;
  /** Not read: a change of it updates the resource. */
  readonly LookAgainFor?: string;
}

type Event = KeptDataEvent<VolumeProperties>;

/** How long the waits may take, in seconds. Creation and growth together end before the function does (14 minutes). */
export interface Limits {
  readonly creation: number;
  readonly growth: number;
  /** Until the instance that ends has let go of its volume. */
  readonly release: number;
}
const LIMITS: Limits = { creation: 120, growth: 600, release: 120 };

/** All but those that are being deleted. */
const STATES = ['creating', 'available', 'in-use', 'error'];

const asFound = (volume: Volume): FoundVolume => ({
  id: volume.VolumeId!,
  availabilityZone: volume.AvailabilityZone ?? '',
  sizeGiB: volume.Size ?? 0,
  state: volume.State ?? '',
  encrypted: volume.Encrypted === true,
  fromSnapshot: Boolean(volume.SnapshotId),
  createdAt: volume.CreateTime?.toISOString() ?? 'at an unknown time',
});

async function find(client: EC2Client, { Stage, Slot }: VolumeProperties): Promise<FoundVolume[]> {
  const found: FoundVolume[] = [];
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [Stage] },
    { Name: `tag:${TAG.slot}`, Values: [Slot] },
    { Name: 'status', Values: STATES },
  ];
  for await (const page of paginateDescribeVolumes({ client }, { Filters })) {
    found.push(...(page.Volumes ?? []).map(asFound));
  }
  return found;
}

/** With its tags in the same call: a creation that is cut off afterwards is found again. */
async function create(client: EC2Client, volume: VolumeProperties): Promise<FoundVolume> {
  const made = await client.send(
    new CreateVolumeCommand({
      AvailabilityZone: volume.AvailabilityZone,
      Size: Number(volume.SizeGiB),
      VolumeType: 'gp3',
      Encrypted: true,
      TagSpecifications: [
        {
          ResourceType: 'volume',
          Tags: [
            { Key: 'Name', Value: `metals-${volume.Stage}-${volume.Slot}-data` },
            { Key: TAG.stage, Value: volume.Stage },
            { Key: TAG.slot, Value: volume.Slot },
            { Key: TAG.role, Value: volume.Role },
            ...asTagList(volume.Tags),
          ],
        },
      ],
    }),
  );
  console.log(`created ${made.VolumeId} for ${volume.Slot}`);
  return asFound(made);
}

/** Undefined where there is none. */
async function describe(client: EC2Client, id: string): Promise<Volume | undefined> {
  try {
    return (await client.send(new DescribeVolumesCommand({ VolumeIds: [id] }))).Volumes?.[0];
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

const isGone = (error: unknown): boolean => error instanceof Error && error.name === 'InvalidVolume.NotFound';

/** Looks until the time is over; a look that EC2 refuses for its rate is none. */
const poll = <T>(what: string, seconds: number, look: () => Promise<Look<T>>): Promise<T> =>
  pollUntil(what, new Deadline(seconds), throughThrottling(look));

async function untilCreated(client: EC2Client, id: string, limits: Limits): Promise<void> {
  await poll(`the creation of ${id}`, limits.creation, async () => {
    const state = (await describe(client, id))?.State ?? 'not shown yet';
    if (state === 'error') throw new Error(`${id} is in state error: aws ec2 delete-volume --volume-id ${id}`);
    return state === 'available' || state === 'in-use' ? { value: id } : { waitingFor: `it is ${state}` };
  });
}

/** The file system follows by node-prepare, which the swarm stack sends for a new size. A volume that is `optimizing` has its size already. */
async function grow(client: EC2Client, { id, sizeGiB }: FoundVolume, toGiB: number, limits: Limits): Promise<void> {
  await client.send(new ModifyVolumeCommand({ VolumeId: id, Size: toGiB }));
  await poll(`the growth of ${id}`, limits.growth, async () => {
    const reply = await client.send(new DescribeVolumesModificationsCommand({ VolumeIds: [id] }));
    const { ModificationState: state, StatusMessage: message } = reply.VolumesModifications?.[0] ?? {};
    if (state === 'failed') throw new Error(`${id} did not grow from ${sizeGiB} to ${toGiB} GiB: ${message}`);
    return state === 'optimizing' || state === 'completed'
      ? { value: id }
      : { waitingFor: `the modification is ${state ?? 'not shown yet'}` };
  });
  console.log(`${id} has grown from ${sizeGiB} to ${toGiB} GiB`);
}

/** What CloudFormation asks for; it may be there already, whoever has made it. */
async function keep(event: Event, clients: Clients, limits: Limits): Promise<string> {
  const { ec2 } = clients;
  const properties = event.ResourceProperties;
  const wanted = {
    stage: properties.Stage,
    slot: properties.Slot,
    availabilityZone: properties.AvailabilityZone,
    sizeGiB: Number(properties.SizeGiB),
    holds: (properties.Holds ?? '').split(',').filter(Boolean),
  };
  const circumstances = {
    currentId: event.PhysicalResourceId,
    rollsBack: event.RequestType === 'Update' && (await stackStatus(event, clients)).includes('ROLLBACK'),
  };
  const found = await find(ec2, properties);
  // What is gone cannot be given back, and must not end the rollback: the next deployment tells.
  if (circumstances.rollsBack && !found.some(({ id }) => id === event.PhysicalResourceId))
    return event.PhysicalResourceId!;
  const kept = chooseVolume(found, wanted, circumstances);
  if (beginsEmpty(kept, wanted, circumstances)) await refuseSecondSwarm(clients.ssm, wanted.stage);
  if (kept) console.log(`${wanted.slot} keeps ${kept.id}, ${kept.sizeGiB} GiB, ${kept.state}`);
  const volume = kept ?? (await create(ec2, properties));
  await untilCreated(ec2, volume.id, limits);
  if (kept && properties.Tags)
    await ec2.send(new CreateTagsCommand({ Resources: [kept.id], Tags: asTagList(properties.Tags) }));
  if (volume.sizeGiB < wanted.sizeGiB) await grow(ec2, volume, wanted.sizeGiB, limits);
  return volume.id;
}

async function stackStatus({ StackId }: Event, { cloudFormation }: Clients): Promise<string> {
  const reply = await cloudFormation.send(new DescribeStacksCommand({ StackName: StackId }));
  return reply.Stacks?.[0]?.StackStatus ?? '';
}

/**
 * Of an update that took a slot away, the instance goes only when the swarm stack is updated, after this stack: to wait for it
 * would end in the same failure, which CloudFormation shows as an event, and not as a failed update.
 */
async function removeFor(event: Event, clients: Clients, limits: Limits): Promise<void> {
  const status = await stackStatus(event, clients);
  const isUpdate = status.startsWith('UPDATE_');
  const { Stage, Slot, Holds } = event.ResourceProperties;
  const id = event.PhysicalResourceId!;
  // The swarm stack, which comes after this one, refuses to move data: by then it must still be there. In a rollback it is a
  // volume that this update has made.
  if (isUpdate && !status.includes('ROLLBACK') && Holds && (await describe(clients.ec2, id)))
    throw new Error(
      `${id} held ${Holds.replaceAll(',', ', ')} and stays; once nothing on it is needed: aws ec2 delete-volume --volume-id ${id}`,
    );
  await remove(clients.ec2, id, isUpdate ? { ...limits, release: Math.min(1, limits.release) } : limits);
  // An update that has given the slot another volume ends up here, too: the Swarm goes on there.
  if (!isUpdate && Slot === FIRST_MANAGER) await forgetSwarm(clients.ssm, Stage);
}

async function remove(client: EC2Client, id: string, limits: Limits): Promise<void> {
  const isReleased = await poll(`the release of ${id}`, limits.release, async () => {
    const volume = await describe(client, id);
    if (!volume) return { value: false };
    const holders = (volume.Attachments ?? []).map(({ InstanceId, State }) => `${InstanceId} (${State})`).join(', ');
    return volume.State === 'in-use'
      ? { waitingFor: `${holders} holds it; once that has ended: aws ec2 delete-volume --volume-id ${id}` }
      : { value: true };
  });
  if (!isReleased) return;
  try {
    await client.send(new DeleteVolumeCommand({ VolumeId: id }));
    console.log(`deleted ${id}`);
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

export interface Clients {
  readonly ssm: SSMClient;
  readonly ec2: EC2Client;
  readonly cloudFormation: CloudFormationClient;
}

/** CloudFormation's events, as the CDK provider framework passes them on. */
export async function handle(event: Event, clients: Clients, limits: Limits = LIMITS): Promise<KeptDataResult> {
  const { Slot, OnDelete } = event.ResourceProperties;
  try {
    if (event.RequestType !== 'Delete') return { PhysicalResourceId: await keep(event, clients, limits) };
    if (OnDelete === 'delete') await removeFor(event, clients, limits);
    return { PhysicalResourceId: event.PhysicalResourceId! };
  } catch (error) {
    throw reason(`volume of ${Slot}: ${inWords(error)}`);
  }
}

const clients: Clients = {
  ssm: throughLateGrants(new SSMClient({})),
  ec2: throughLateGrants(new EC2Client({})),
  cloudFormation: throughLateGrants(new CloudFormationClient({})),
};
export const handler = (event: Event): Promise<KeptDataResult> => handle(event, clients);

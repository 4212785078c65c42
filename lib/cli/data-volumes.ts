/** The value of `dataVolumes` in lib/config.ts that stands for the volumes of a stage's slots. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { isRefusal } from '../aws-errors';
import { cloudFormationStackName, NO_DATA_VOLUMES, TAG, VOLUMES_OUTPUT } from '../contract';
import { clientsOf, type Caller, type MakeClient } from './clients';
import type { Context } from './context';
import { digestOf } from './digest';
import { readOutput } from './stack-output';

/**
 * Pure: another value as soon as a volume that the stack has is not there any more, and otherwise what the stack has. CloudFormation
 * would look for none of them, because nothing in its template has changed.
 *
 * @param tagged ids of the stage's volumes that are there and work; undefined: not known
 * @param deployed what the stack was deployed with, as its output says; missing: it is not there, and will look anyway
 */
export function volumesSetting(tagged: readonly string[] | undefined, deployed?: string): string {
  const ids = (deployed ?? NO_DATA_VOLUMES).split(',');
  const setting = ids.pop()!;
  if (!tagged || ids.every((id) => tagged.includes(id))) return setting;
  return digestOf([...tagged].sort());
}

/**
 * The setting for the volumes that are there.
 *
 * @throws the SDK's error, unless it is a refusal: who may deploy need not be allowed to see them
 */
export async function readDataVolumes(context: Caller & Pick<Context, 'stage'>, region: string): Promise<string> {
  const { stage } = context;
  const client = await clientsOf(context, region);
  const stacks = client(CloudFormationClient);
  try {
    const deployed = await readOutput(stacks, cloudFormationStackName(stage, 'data'), VOLUMES_OUTPUT);
    const found = deployed === undefined ? undefined : await readVolumes(client, stage);
    return volumesSetting(
      found?.map(({ id }) => id),
      deployed,
    );
  } finally {
    stacks.destroy();
  }
}

/** Those of these slots that have no volume, or one that has failed: their instances cannot boot. None where it may not be seen. */
export async function slotsWithoutVolume(
  context: Caller & Pick<Context, 'stage'>,
  region: string,
  slots: readonly string[],
): Promise<readonly string[]> {
  if (slots.length === 0) return [];
  const found = await readVolumes(await clientsOf(context, region), context.stage);
  return found === undefined ? [] : slots.filter((slot) => !found.some((volume) => volume.slot === slot));
}

interface SlotVolume {
  readonly id: string;
  readonly slot: string | undefined;
}

/** Volumes of a stage's slots that are there and work; undefined: not allowed to see them. */
async function readVolumes(make: MakeClient, stage: string): Promise<SlotVolume[] | undefined> {
  // Loaded here: no other command waits for EC2's client.
  const { EC2Client, paginateDescribeVolumes } = await import('@aws-sdk/client-ec2');
  const client = make(EC2Client);
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage] },
    { Name: 'tag-key', Values: [TAG.slot] },
    // One in state `error` is lost, too.
    { Name: 'status', Values: ['creating', 'available', 'in-use'] },
  ];
  const found: SlotVolume[] = [];
  try {
    for await (const { Volumes = [] } of paginateDescribeVolumes({ client }, { Filters }))
      for (const { VolumeId, Tags = [] } of Volumes)
        found.push({ id: VolumeId!, slot: Tags.find(({ Key }) => Key === TAG.slot)?.Value });
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  } finally {
    client.destroy();
  }
  return found;
}

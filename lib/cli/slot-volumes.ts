/** The data volumes of a stage's slots, as EC2 knows them. */
import { isRefusal } from '../aws-errors';
import { TAG } from '../contract';
import { clientsOf, type Caller, type MakeClient } from './clients';
import type { Context } from './context';

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
export async function readVolumes(make: MakeClient, stage: string): Promise<SlotVolume[] | undefined> {
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

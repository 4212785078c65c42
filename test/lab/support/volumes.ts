/** Data volumes of a stage by slot, as EC2 knows them. */
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { TAG } from '../../../lib/contract';

export interface SlotVolume {
  readonly id: string;
  readonly sizeGiB: number;
}

export async function volumeOfSlot(stage: string, slot: string): Promise<SlotVolume> {
  const filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage] },
    { Name: `tag:${TAG.slot}`, Values: [slot] },
  ];
  const { Volumes = [] } = await new EC2Client({}).send(new DescribeVolumesCommand({ Filters: filters }));
  if (Volumes.length !== 1) throw new Error(`expected one volume of ${slot}, found ${Volumes.length}`);
  return { id: Volumes[0]!.VolumeId!, sizeGiB: Volumes[0]!.Size! };
}

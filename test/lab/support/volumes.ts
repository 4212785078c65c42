/** Data volumes of a stage by slot, as EC2 knows them, and the file systems on them. */
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { TAG } from '../../../lib/contract';
import { instanceOfSlot } from './instances';
import { inNode } from './nodes';

const GIB_BYTES = 1024 ** 3;
/** XFS keeps its log and its own tables for itself. */
const OWN_GIB = 0.5;

export interface SlotVolume {
  readonly id: string;
  readonly availabilityZone: string;
  readonly sizeGiB: number;
}

export async function volumeOfSlot(stage: string, slot: string): Promise<SlotVolume> {
  const filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage] },
    { Name: `tag:${TAG.slot}`, Values: [slot] },
  ];
  const { Volumes = [] } = await new EC2Client({}).send(new DescribeVolumesCommand({ Filters: filters }));
  if (Volumes.length !== 1) throw new Error(`expected one volume of ${slot}, found ${Volumes.length}`);
  const { VolumeId, AvailabilityZone, Size } = Volumes[0]!;
  return { id: VolumeId!, availabilityZone: AvailabilityZone!, sizeGiB: Size! };
}

/** @throws Error unless the file system that holds Docker's data in the slot's node is XFS of so many GiB */
export async function mustHaveFileSystem(stage: string, slot: string, sizeGiB: number): Promise<void> {
  const { container } = await instanceOfSlot(stage, slot);
  const listed = await inNode(container, ['df', '--output=fstype,size', '-B1', '/var/lib/docker']);
  const [kind = '', bytes] = listed.trim().split('\n').at(-1)!.trim().split(/\s+/);
  const hasGiB = Number(bytes) / GIB_BYTES;
  if (kind !== 'xfs' || hasGiB <= sizeGiB - OWN_GIB)
    throw new Error(`the volume has ${sizeGiB} GiB, and its file system ${hasGiB.toFixed(2)} GiB (${kind}, ${slot})`);
}

/** A test of what is on a volume: skipped, for all to see, where the lab's volumes are Docker's, which have no size. */
export const testOnVolumes = (title: string, run: () => Promise<void>): void =>
  process.env.METALS_LAB_VOLUMES === 'docker'
    ? test.skip(`${title} (NOT SHOWN: this machine gives no loop device)`, run)
    : test(title, run);

/** A volume that was enlarged while its node runs. */
import { DescribeVolumesCommand, EC2Client, ModifyVolumeCommand } from '@aws-sdk/client-ec2';
import { TAG } from '../../lib/contract';
import { mustRunDocument } from './support/commands';
import { instanceOfSlot } from './support/instances';
import { inNode } from './support/nodes';
import { eventually } from './support/run';
import { stage } from './support/secrets';

jest.setTimeout(180_000);

const SLOT = 'worker-2';
const GIB = 1024 ** 3;
const ec2 = new EC2Client({});

async function volume(): Promise<{ id: string; sizeGiB: number }> {
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage()] },
    { Name: `tag:${TAG.slot}`, Values: [SLOT] },
  ];
  const { Volumes = [] } = await ec2.send(new DescribeVolumesCommand({ Filters }));
  expect(Volumes).toHaveLength(1);
  return { id: Volumes[0]!.VolumeId!, sizeGiB: Volumes[0]!.Size! };
}

/** Kind and bytes of the file system that holds Docker's data. */
async function fileSystem(): Promise<{ kind: string; bytes: number }> {
  const { container } = await instanceOfSlot(stage(), SLOT);
  const listed = await inNode(container, ['df', '--output=fstype,size', '-B1', '/var/lib/docker']);
  const [kind = '', bytes] = listed.trim().split('\n').at(-1)!.trim().split(/\s+/);
  return { kind, bytes: Number(bytes) };
}

test('its file system has grown with it once the node is prepared again', async () => {
  const before = await volume();
  // Without loop devices the lab's volumes are Docker's, which have no size.
  if ((await fileSystem()).kind !== 'xfs') return console.log('not shown here: volumes are no loop devices');
  const sizeGiB = before.sizeGiB + 1;
  await ec2.send(new ModifyVolumeCommand({ VolumeId: before.id, Size: sizeGiB }));
  await eventually('the larger volume', 60, async () => {
    const now = (await volume()).sizeGiB;
    return now === sizeGiB ? undefined : `it has ${now} GiB`;
  });
  await mustRunDocument('node-prepare', SLOT, { Images: 'none' });
  const { bytes } = await fileSystem();
  // XFS keeps its log and its own tables for itself.
  if (bytes <= (sizeGiB - 0.5) * GIB)
    throw new Error(`the volume has ${sizeGiB} GiB, and its file system ${(bytes / GIB).toFixed(2)} GiB`);
});

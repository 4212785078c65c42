/** A volume that was enlarged while its node runs. 88-second-stage.test.ts has the deployment that does so. */
import { EC2Client, ModifyVolumeCommand } from '@aws-sdk/client-ec2';
import { mustRunDocument } from './support/commands';
import { eventually } from './support/run';
import { stage } from './support/secrets';
import { mustHaveFileSystem, testOnVolumes, volumeOfSlot } from './support/volumes';

jest.setTimeout(180_000);

const SLOT = 'worker-2';

// By hand: a volume cannot shrink, so each later deployment that looks at the volumes would have to name the larger size. Hence late.
testOnVolumes('its file system has grown with it once the node is prepared again', async () => {
  const before = await volumeOfSlot(stage(), SLOT);
  const sizeGiB = before.sizeGiB + 1;
  await new EC2Client({}).send(new ModifyVolumeCommand({ VolumeId: before.id, Size: sizeGiB }));
  await eventually('the larger volume', 60, async () => {
    const now = (await volumeOfSlot(stage(), SLOT)).sizeGiB;
    return now === sizeGiB ? undefined : `it has ${now} GiB`;
  });
  await mustRunDocument('node-prepare', SLOT, { Images: 'none' });
  await mustHaveFileSystem(stage(), SLOT, sizeGiB);
});

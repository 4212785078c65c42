/** More workers and fewer, one deployment after the other, under load: what was accepted is stored, and who goes is drained. */
import { DeleteVolumeCommand, EC2Client, paginateDescribeVolumes } from '@aws-sdk/client-ec2';
import { TAG } from '../../lib/contract';
import { commandIds, outputsOf } from './support/commands';
import { onManager, tasks } from './support/nodes';
import { eventually } from './support/run';
import { deploy, inFullRun, mustDeploy, mustDestroy, mustPassSmokeTest, underLoad } from './support/sequences';
import { stage } from './support/secrets';

jest.setTimeout(2_400_000);

const EVENTS_PER_SECOND = 20;

/** `Ready Active` for each node that the Swarm knows, without the ones that have left it. */
async function nodes(): Promise<string[]> {
  const listed = await onManager('node', 'ls', '--format', '{{.Status}} {{.Availability}}');
  return listed.trim().split('\n').sort();
}

const readyNodes = (count: number): string[] => Array.from({ length: count }, () => 'Ready Active');

// The lab goes back to what the stack says, whatever failed.
afterAll(() => mustDeploy());

test('from two workers to three: the third joins, and nothing is lost', async () => {
  await underLoad(EVENTS_PER_SECOND, () => mustDeploy({ workers: 3 }));
  expect(await nodes()).toEqual(readyNodes(4));
});

test('back to two: the third is drained and leaves the Swarm before it goes, and nothing is lost', async () => {
  await underLoad(EVENTS_PER_SECOND, () => mustDeploy({ workers: 2 }));
  expect(await nodes()).toEqual(readyNodes(3));
  expect((await tasks()).length).toBeGreaterThan(0);
  await mustPassSmokeTest();
});

inFullRun('down to one worker, where MongoDB would move to another volume', () => {
  test('is refused with the setting that keeps it; what was there goes on, and nothing is lost', async () => {
    await underLoad(EVENTS_PER_SECOND, async () => {
      const { code, stdout, stderr } = await deploy({ workers: 1 });
      expect(code).not.toBe(0);
      expect(`${stdout}${stderr}`).toContain('the data of mongodb is on worker-2');
      expect(`${stdout}${stderr}`).toContain('mongodbSlot=worker-2');
    });
    expect(await nodes()).toEqual(readyNodes(3));
    await mustPassSmokeTest();
  });
});

inFullRun('two workers, three, one and two, with all data on worker-1', () => {
  const ON_WORKER_1 = { mongodbSlot: 'worker-1' };

  // Data do not move: only a stage that begins with them there has them there.
  beforeAll(async () => {
    await wipe();
    await mustDeploy({ ...ON_WORKER_1, workers: 2 });
    expect(await nodes()).toEqual(readyNodes(3));
  });
  afterAll(wipe);

  test.each([
    { workers: 3, leaving: [] },
    { workers: 1, leaving: ['worker-2', 'worker-3'] },
    { workers: 2, leaving: [] },
  ])('to $workers: nothing is lost, and who goes is drained: $leaving', async ({ workers, leaving }) => {
    const before = await commandIds('swarm-leave');
    await underLoad(EVENTS_PER_SECOND, () => mustDeploy({ ...ON_WORKER_1, workers }));
    expect(await nodes()).toEqual(readyNodes(workers + 1));
    const sent = (await commandIds('swarm-leave')).filter((id) => !before.includes(id));
    expect(sent).toHaveLength(leaving.length);
    const said = (await Promise.all(sent.map(outputsOf))).join('\n');
    for (const slot of leaving) {
      // Once its tasks had ended, by the node itself, and then by the manager.
      expect(said).toContain(`${slot} has left the Swarm`);
      expect(said).toContain(`of ${slot} is removed`);
    }
    // No wait ran out: none of its tasks was cut off.
    expect(said).not.toContain('going on without it');
    await mustPassSmokeTest();
  });
});

/** Nothing of the stage stays, not even the volume of a slot that left while its instance held it. */
async function wipe(): Promise<void> {
  await mustDestroy();
  const client = new EC2Client({});
  const Filters = [
    { Name: `tag:${TAG.stage}`, Values: [stage()] },
    { Name: 'tag-key', Values: [TAG.slot] },
  ];
  await eventually('the end of the volumes that the stacks have left', 120, async () => {
    const left: string[] = [];
    for await (const { Volumes = [] } of paginateDescribeVolumes({ client }, { Filters })) {
      for (const { VolumeId, State } of Volumes) {
        if (State === 'available') await client.send(new DeleteVolumeCommand({ VolumeId }));
        else if (State !== 'deleting') left.push(`${VolumeId} is ${State}`);
      }
    }
    return left.length ? left.join(', ') : undefined;
  });
}

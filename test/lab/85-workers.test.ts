/** More workers and fewer, one deployment after the other, under load: what was accepted is stored, and who goes is drained. */
import { onManager, tasks } from './support/nodes';
import { deploy, inFullRun, mustDeploy, mustPassSmokeTest, underLoad } from './support/sequences';

jest.setTimeout(1_200_000);

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

inFullRun('down to one worker, where MongoDB would move to another volume, and up again', () => {
  test('is refused with the key to set, or keeps every event', async () => {
    let refusal: string | undefined;
    await underLoad(EVENTS_PER_SECOND, async () => {
      const result = await deploy({ workers: 1 });
      if (result.code === 0) return mustDeploy({ workers: 2 });
      refusal = `${result.stdout}${result.stderr}`;
    });
    if (refusal !== undefined) expect(refusal).toContain('mongodbSlot');
    expect(await nodes()).toEqual(readyNodes(3));
    await mustPassSmokeTest();
  });
});

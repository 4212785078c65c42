/** Every node is replaced, one slot at a time: by a new machine image, and by other user data. */
import { instancesOf } from './support/instances';
import { onManager } from './support/nodes';
import { inFullRun, mustDeploy, mustPassSmokeTest, underLoad, watchNodes } from './support/sequences';
import type { Settings } from './support/run';
import { stage } from './support/secrets';

jest.setTimeout(3_600_000);

const EVENTS_PER_SECOND = 10;
/** A leader that is gone at once is missed after some ten seconds. */
const ELECTION_SECONDS = 30;
const OTHER_IMAGE = 'ami-0fedcba9876543210';

/** Instance ids and images of what runs. */
const instances = async (): Promise<Map<string, string>> =>
  new Map((await instancesOf(stage())).map(({ id, imageId }) => [id, imageId]));

/** Deploys under load; answers the instances after it, none of which was there before. */
async function replaceAll(settings: Settings, nodes: number, managers: number): Promise<Map<string, string>> {
  const before = await instances();
  expect(before.size).toBe(nodes);
  const seen = await watchNodes(() => underLoad(EVENTS_PER_SECOND, () => mustDeploy(settings)));
  const after = await instances();
  expect(after.size).toBe(nodes);
  expect([...after.keys()].filter((id) => before.has(id))).toEqual([]);
  expect(seen.fewestRunning).toBeGreaterThanOrEqual(nodes - 1);
  expect(seen.answers).toBeGreaterThan(10);
  expect(seen.mostDown).toBeLessThanOrEqual(1);
  // With one manager nobody can be asked while it is away.
  expect(seen.fewestReachableManagers).toBeGreaterThanOrEqual(managers === 1 ? 1 : managers - 1);
  console.log(`${managers} managers: none answered for ${seen.longestSilenceSeconds} s at the most`);
  // An election; each question has five seconds.
  if (managers > 1) expect(seen.longestSilenceSeconds).toBeLessThan(ELECTION_SECONDS);
  await mustPassSmokeTest();
  return after;
}

inFullRun('with one manager', () => {
  afterAll(() => mustDeploy());

  test('another machine image replaces one slot at a time, and nothing is lost', async () => {
    const after = await replaceAll({ amiId: OTHER_IMAGE }, 3, 1);
    expect([...new Set(after.values())]).toEqual([OTHER_IMAGE]);
  });

  test('other user data does so too', async () => {
    await replaceAll({ amiId: OTHER_IMAGE, dockerBridgeCidr: '172.29.0.0/16' }, 3, 1);
  });
});

inFullRun('with three managers', () => {
  afterAll(() => mustDeploy());

  test('another machine image leaves a quorum at every moment, and nothing is lost', async () => {
    await mustDeploy({ managers: 3 });
    await replaceAll({ managers: 3, amiId: OTHER_IMAGE }, 5, 3);
  });

  test.each([5, 3, 1])('are %i from one deployment to the next, and nothing is lost', async (managers) => {
    await underLoad(EVENTS_PER_SECOND, () => mustDeploy({ managers, amiId: OTHER_IMAGE }));
    const rows = await onManager(
      'node',
      'ls',
      '--format',
      '{{.Status}} {{if .ManagerStatus}}manager{{else}}worker{{end}}',
    );
    const expected = [...Array<string>(managers).fill('Ready manager'), ...Array<string>(2).fill('Ready worker')];
    expect(rows.trim().split('\n').sort()).toEqual(expected);
    await mustPassSmokeTest();
  });
});

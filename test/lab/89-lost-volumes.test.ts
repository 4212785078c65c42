/** Volumes and majorities that are lost: a slot joins as a new node, and what was lost is said by name. */
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { parameterPath } from '../../lib/contract';
import { instanceOfSlot } from './support/instances';
import { inNode, onManager } from './support/nodes';
import { connectPrices, idsIn } from './support/pipeline';
import { beginAgain, deleteVolume, loseVolume, rewindAll } from './support/lost-volumes';
import { eventually, metals, type Settings } from './support/run';
import { inFullRun, mustDeploy, mustPassSmokeTest, underLoad, watchNodes } from './support/sequences';
import { stage } from './support/secrets';

jest.setTimeout(3_600_000);

const EVENTS_PER_SECOND = 10;
const SOME_PRICES = 50;
const ssm = new SSMClient({});

/** `manager-1 ready reachable` for each node that the Swarm knows, dead ones included. */
async function nodes(): Promise<string[]> {
  const listed = await onManager('node', 'ls', '-q');
  const format =
    '{{index .Spec.Labels "metals.slot"}} {{.Status.State}}{{with .ManagerStatus}} {{.Reachability}}{{end}}';
  const lines = await onManager('node', 'inspect', '--format', format, ...listed.trim().split('\n'));
  return lines.trim().split('\n').sort();
}

const READY = ['worker-1 ready', 'worker-2 ready'];
const reachable = (...slots: string[]): string[] => [...slots.map((slot) => `${slot} ready reachable`), ...READY];

const swarmId = async (): Promise<string> => (await onManager('info', '--format', '{{.Swarm.Cluster.ID}}')).trim();
const claim = async (): Promise<string> =>
  (await ssm.send(new GetParameterCommand({ Name: parameterPath(stage(), 'claim') }))).Parameter!.Value!;

async function storedPrices(): Promise<number> {
  const prices = await connectPrices();
  try {
    return await prices.collection.countDocuments({});
  } finally {
    await prices.close();
  }
}

/** What was lost is out of sight alone, so the instance has run with it until it is replaced. */
async function comeBackEmpty(slot: string, says: readonly string[], settings: Settings = {}): Promise<void> {
  const lost = await loseVolume(slot);
  await beginAgain(slot, lost, says, settings);
  await deleteVolume(lost);
}

inFullRun('with one manager', () => {
  afterAll(() => mustDeploy());

  test('manager-1 begins a new Swarm, once its claim is removed; the workers change over with their data', async () => {
    const [before, prices] = [await swarmId(), await storedPrices()];
    expect(await claim()).toBe(`initialised ${before}`);
    await comeBackEmpty('manager-1', [
      'the Swarm was on it: services and secrets',
      `aws ssm delete-parameter --name ${parameterPath(stage(), 'claim')}`,
    ]);
    expect(await swarmId()).not.toBe(before);
    expect(await claim()).toBe(`initialised ${await swarmId()}`);
    expect(await nodes()).toEqual(reachable('manager-1'));
    expect(await storedPrices()).toBeGreaterThanOrEqual(prices);
    await mustPassSmokeTest();
  });

  test.each([
    { slot: 'worker-1', says: "Kafka's data was on it, accepted events that are not stored yet included" },
    { slot: 'worker-2', says: "MongoDB's data was on it, the stored prices" },
  ])('$slot joins as a new node, without a dead twin, and begins with topics, users and indexes', async (lost) => {
    const before = await swarmId();
    await comeBackEmpty(lost.slot, [lost.says, 'docs/nodes.md, Snapshots']);
    expect(await swarmId()).toBe(before);
    expect(await nodes()).toEqual(reachable('manager-1'));
    await mustPassSmokeTest();
  });

  test('prices that were stored before MongoDB began empty come back from Kafka', async () => {
    await underLoad(EVENTS_PER_SECOND, async () => {
      let before: readonly string[] = [];
      await eventually('some prices', 60, async () => {
        before = await idsIn(connectPrices);
        return before.length >= SOME_PRICES ? undefined : `${before.length}`;
      });
      await comeBackEmpty('worker-2', ["MongoDB's data was on it, the stored prices"]);
      expect(new Set(await idsIn(connectPrices)).has(before[0]!)).toBe(false);
      await rewindAll();
      await eventually('all of them', 120, async () => {
        const after = new Set(await idsIn(connectPrices));
        const missing = before.filter((id) => !after.has(id)).length;
        return missing === 0 ? undefined : `${missing} of ${before.length} are missing`;
      });
    });
    await mustPassSmokeTest();
  });
});

inFullRun('with three managers', () => {
  const MANAGERS = ['manager-1', 'manager-2', 'manager-3'];
  beforeAll(() => mustDeploy({ managers: 3 }));
  afterAll(() => mustDeploy());

  test.each(['manager-3', 'manager-1'])('%s joins the same Swarm as a new node, and nothing is lost', async (slot) => {
    const before = await swarmId();
    const seen = await watchNodes(() =>
      underLoad(EVENTS_PER_SECOND, () => comeBackEmpty(slot, ['is gone or has lost its tags'], { managers: 3 })),
    );
    expect(seen.fewestReachableManagers).toBeGreaterThanOrEqual(2);
    expect(await swarmId()).toBe(before);
    expect(await claim()).toBe(`initialised ${before}`);
    expect(await nodes()).toEqual(reachable(...MANAGERS));
    await mustPassSmokeTest();
  });

  test('a majority that is lost is given up by one, and the others join it as new nodes, whatever they know', async () => {
    const before = await swarmId();
    // manager-2 has lost its state; manager-3 is only away, and would come back with it.
    for (const slot of ['manager-2', 'manager-3']) {
      const { container } = await instanceOfSlot(stage(), slot);
      await inNode(container, ['systemctl', 'stop', 'docker.service']);
      if (slot === 'manager-2') await inNode(container, ['rm', '-rf', '/var/lib/docker/swarm']);
    }
    // A leader goes on for some seconds before it notices that it is alone.
    await eventually('status without a majority', 60, async () => {
      const { code, stderr } = await metals('status');
      return code !== 0 && stderr.includes('The swarm does not have a leader') && stderr.includes('metals -- recover')
        ? undefined
        : `${code} ${stderr}`;
    });
    expect((await metals('recover', '--yes')).stderr).toContain(
      'several managers are online (manager-1, manager-2, manager-3)',
    );
    const recovered = await metals('recover', '--slot', 'manager-1', '--yes');
    if (recovered.code !== 0) throw new Error(`metals recover:\n${recovered.stderr}`);
    expect(await swarmId()).toBe(before);
    await eventually('three managers without dead twins', 900, async () => {
      const seen = (await nodes()).join(', ');
      return seen === reachable(...MANAGERS).join(', ') ? undefined : seen;
    });
    await mustPassSmokeTest();
    // Nothing is lost any more, so nothing is given up.
    expect((await metals('recover', '--slot', 'manager-2', '--yes')).stderr).toContain('there is nothing to recover');
  });
});

/** Behind a load balancer, clients that send each request once: what they see while the parts behind it go and come. */
import { EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { instanceOfSlot, replacementOf } from './support/instances';
import { onManager, roll } from './support/nodes';
import { failures, probing, type Connections } from './support/prober';
import { eventually, metals, run } from './support/run';
import { inFullRun, mustDeploy } from './support/sequences';
import { stage } from './support/secrets';

jest.setTimeout(1_800_000);

const FRONT = { loadBalancer: 'internal' };
const SERVICES = ['edge', 'producer', 'processor'] as const;
/** Two checks of 5 s, the first beginning just after the failure, the second one's time-out, and what passes it on. */
const NOTICED_SECONDS = 20;
/** Until then a kept connection to a node that is gone is silent: the draining interval of lib/constructs/load-balancer.ts. */
const TERMINATED_SECONDS = NOTICED_SECONDS + 30;
const AFTERWARDS_SECONDS = 40;

interface Listener {
  readonly port: number;
  readonly targets: Readonly<Record<string, string>>;
}

/** The health of each target, as the load balancer judges it. */
async function listeners(): Promise<readonly Listener[]> {
  const response = await fetch(`${process.env.AWS_ENDPOINT_URL}/_lab/status`);
  return ((await response.json()) as { loadBalancers: Listener[] }).loadBalancers;
}

/** Everything is as a deployment leaves it, and the load balancer knows. */
async function settled(): Promise<void> {
  await eventually('three healthy targets behind each port', 300, async () => {
    const found = await listeners();
    const states = found.map(({ targets }) => Object.values(targets));
    const well = states.length === 2 && states.every((each) => each.join() === 'healthy,healthy,healthy');
    return well ? undefined : JSON.stringify(found);
  });
  await eventually('a smoke test that passes, and all replicas', 300, async () => {
    const { code, stdout, stderr } = await metals('smoke-test', '--json');
    if (code !== 0) return `smoke test: exit code ${code}: ${stdout}${stderr}`;
    const rows = await onManager('service', 'ls', '--format', '{{.Name}} {{.Replicas}}');
    const missing = ['metals_edge 3/3', 'metals_producer 2/2', 'metals_processor 1/1'].filter(
      (row) => !rows.includes(row),
    );
    return missing.length === 0 ? undefined : `${rows}: not ${missing.join(', ')}`;
  });
}

/** The nodes on which the producers run, each once for each of them. */
async function nodesOfProducers(): Promise<string[]> {
  const rows = await onManager(
    'service',
    'ps',
    '--filter',
    'desired-state=running',
    '--format',
    '{{.Node}}',
    'metals_producer',
  );
  return rows.trim().split('\n').sort();
}

/** Ends the instance of a slot while clients send; resolves with what they saw until its replacement is behind the load balancer. */
async function end(slot: string, how: 'terminated' | 'killed') {
  const before = await instanceOfSlot(stage(), slot);
  const begin = Date.now();
  const secondsNow = (): number => (Date.now() - begin) / 1000;
  let [from, to] = [0, 0];
  const seen = await probing(async () => {
    // What a client sees before anything happens.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    from = secondsNow();
    if (how === 'killed') await run('docker', ['kill', before.container]);
    else await new EC2Client({}).send(new TerminateInstancesCommand({ InstanceIds: [before.id] }));
    to = secondsNow();
    await replacementOf(stage(), before, 400);
    await settled();
    // However soon that was, enough is seen of what comes when the load balancer must have noticed.
    const leftMilliseconds = (to + TERMINATED_SECONDS + AFTERWARDS_SECONDS - secondsNow()) * 1000;
    if (leftMilliseconds > 0) await new Promise((resolve) => setTimeout(resolve, leftMilliseconds));
  });
  return { seen, from, to };
}

const KINDS: Connections[] = ['a connection for each', 'kept connections'];
type Seen = Awaited<ReturnType<typeof probing>>;
/** Every request was accepted; some hundreds were sent. */
function expectAllAccepted(seen: Seen): void {
  for (const kind of KINDS) {
    expect(seen[kind].length).toBeGreaterThan(300);
    expect([kind, ...failures(seen[kind])]).toEqual([kind]);
  }
}

inFullRun('behind a load balancer', () => {
  beforeAll(async () => {
    await mustDeploy(FRONT);
    await settled();
  });
  afterAll(() => mustDeploy());

  test('the two producers are on two nodes, also after they were updated', async () => {
    for (let update = 0; update < 3; update += 1) {
      const nodes = await nodesOfProducers();
      expect(nodes).toHaveLength(2);
      expect(new Set(nodes).size).toBe(2);
      await roll('producer');
    }
    await settled();
  });

  test.each(SERVICES)('an update of %s fails no request', async (service) => {
    const seen = await probing(async () => {
      await roll(service);
      // What is left behind by the update shows a little later.
      await new Promise((resolve) => setTimeout(resolve, 30_000));
    });
    expectAllAccepted(seen);
    await settled();
  });

  test('a deployment that changes the edge and the producer fails no request', async () => {
    const seen = await probing(() => mustDeploy({ ...FRONT, clientRequestsPerSecond: 999, feedEventsPerSecond: 2 }));
    expectAllAccepted(seen);
    await settled();
  });

  test.each([
    ['a worker that does not hold the only broker', 'worker-2'],
    ['the manager', 'manager-1'],
  ])('%s is terminated, and no request fails', async (_, slot) => {
    expectAllAccepted((await end(slot, 'terminated')).seen);
  });

  test('a node that is gone at once fails requests until the load balancer has noticed, and none after that', async () => {
    const { seen, from, to } = await end('worker-2', 'killed');
    const until = { 'a connection for each': NOTICED_SECONDS, 'kept connections': TERMINATED_SECONDS };
    for (const kind of KINDS) {
      // Less a second: what tells the times apart begins a little later than the probes.
      expect(failures(seen[kind].filter(({ startedSeconds }) => startedSeconds < from - 1))).toEqual([]);
      const after = seen[kind].filter(({ startedSeconds }) => startedSeconds > to + until[kind]);
      expect(after.length).toBeGreaterThan(300);
      expect(failures(after)).toEqual([]);
    }
    console.log(
      `worker-2 was killed after ${to.toFixed(1)} s:\n${KINDS.map((kind) => `${kind}: ${failures(seen[kind]).join('; ')}`).join('\n')}`,
    );
    // Otherwise the load balancer of the lab would be kinder than one that has not noticed yet.
    expect(failures(seen['a connection for each'])).not.toEqual([]);
  });
});

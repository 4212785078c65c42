import { PROCESSOR_PORT, PRODUCER_PORT } from '../../lib/contract';
import { UuidV7Generator } from '../../services/common/uuid';
import { parseBySchema } from '../lib/cli/schemas';
import { inTask, onManager, tasks } from './support/nodes';
import { connectPrices, http, PROCESSOR_URL, produce } from './support/pipeline';
import { eventually, metals } from './support/run';
import { apiKey } from './support/secrets';

jest.setTimeout(400_000);

/** It says that it is done only once the wanted replicas are healthy. */
async function scale(producers: number, processors: number): Promise<void> {
  const { code, stdout, stderr } = await metals('scale', `producer=${producers}`, `processor=${processors}`, '--json');
  if (code !== 0) throw new Error(`metals scale: exit code ${code}\n${stderr}`);
  parseBySchema('scale', stdout);
  // Those that are too many finish what is under way, for 30 s at most.
  await eventually(`${producers} producers and ${processors} processors`, 60, async () => {
    const [producing, processing] = [(await tasks('producer')).length, (await tasks('processor')).length];
    const isSo = producing === producers && processing === processors;
    return isSo ? undefined : `${producing} producers, ${processing} processors`;
  });
}

interface Service {
  readonly name: string;
  readonly healthy: number;
  readonly deployed_replicas: number | null;
}

/** What `metals status` says of a service; exit code 0 is healthy. */
async function statusOf(service: string): Promise<Service> {
  const { code, stdout, stderr } = await metals('status', '--json');
  if (code !== 0) throw new Error(`metals status: exit code ${code}\n${stderr}`);
  return (JSON.parse(stdout) as { services: Service[] }).services.find(({ name }) => name === service)!;
}

/** How many requests of a route each replica has answered, as each of them counts. */
async function answered(service: 'producer' | 'processor', route: string): Promise<number[]> {
  const port = service === 'producer' ? PRODUCER_PORT : PROCESSOR_PORT;
  const script = `fetch('http://127.0.0.1:${port}/metrics').then((r) => r.text()).then((t) => console.log(t))`;
  const counts = (await tasks(service)).map(async (task) => {
    const { stdout } = await inTask(task, ['node', '-e', script]);
    const lines = stdout
      .split('\n')
      .filter((line) => line.includes('_request_duration_seconds_count{') && line.includes(`route="${route}"`));
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  });
  return Promise.all(counts);
}

const REQUESTS = 60;

// The lab goes back to what the stack says, whatever failed.
afterAll(() => scale(2, 1));

test('five producers and three processors answer through the same URLs', async () => {
  await eventually('the two producers of the deployment', 60, async () => {
    const count = (await tasks('producer')).length;
    return count === 2 ? undefined : `${count} producers`;
  });
  const before = (await tasks('producer')).map(({ container }) => container);
  await scale(5, 3);
  const producers = await tasks('producer');
  // Those that ran go on, and no node has more than its share.
  expect(producers.map(({ container }) => container)).toEqual(expect.arrayContaining(before));
  const nodes = [...new Set(producers.map(({ node }) => node))];
  expect(nodes.map((name) => producers.filter(({ node }) => node === name).length).sort()).toEqual([2, 3]);
  expect(await statusOf('producer')).toMatchObject({ healthy: 5, deployed_replicas: 2 });
  const key = await apiKey();
  const ids = new UuidV7Generator();
  const source = `lab-scaling-${Date.now()}`;
  const sent: string[] = [];

  await eventually('the edge sends to every replica', 90, async () => {
    const [producersBefore, processorsBefore] = [
      await answered('producer', 'POST /produce'),
      await answered('processor', 'GET /metrics'),
    ];
    const events = Array.from({ length: REQUESTS }, (_, index) => ({
      event_id: ids.next(),
      metal: 'copper',
      price: 1 + index,
      source,
    }));
    const answers = await Promise.all([
      ...events.map((event) => produce(event, key)),
      ...events.map(() => http('GET', `${PROCESSOR_URL}/metrics`)),
    ]);
    const statuses = [...new Set(answers.map((answer) => answer.status))].sort();
    if (statuses.join() !== '200,202') throw new Error(`answers ${statuses.join()}, expected 200 and 202 only`);
    sent.push(...events.map((event) => event.event_id));
    const [producers, processors] = [
      await answered('producer', 'POST /produce'),
      await answered('processor', 'GET /metrics'),
    ];
    const more = (after: number[], before: number[]): number =>
      after.filter((count, index) => count > before[index]! + 1).length;
    const [producing, processing] = [more(producers, producersBefore), more(processors, processorsBefore)];
    return producing === 5 && processing === 3
      ? undefined
      : `it sends to ${producing} producers and ${processing} processors`;
  });

  const prices = await connectPrices();
  try {
    await eventually('all events in MongoDB', 60, async () => {
      const stored = await prices.collection.countDocuments({ source });
      return stored === sent.length ? undefined : `${stored} of ${sent.length}`;
    });
    const stored = await prices.collection.find({ source }, { projection: { _id: 1 } }).toArray();
    expect(stored.map((document) => document._id).sort()).toEqual([...sent].sort());
  } finally {
    await prices.close();
  }
});

test('for more than there is room, nothing is scaled, and each node says what it lacks', async () => {
  const before = await statusOf('producer');
  const worker = (await onManager('node', 'ls', '-q', '--filter', 'role=worker')).split('\n')[0]!;
  const bytes = Number(
    await onManager('node', 'inspect', '--format', '{{.Description.Resources.MemoryBytes}}', worker),
  );
  const inspected = ['--format', '{{.Spec.TaskTemplate.ContainerSpec.Image}}', 'metals_edge'];
  const image = (await onManager('service', 'inspect', ...inspected)).trim();
  // What the stack reserves on a worker now, and 300 MiB more.
  const reserved = String(bytes - 1400 * 2 ** 20);
  const where = ['--mode', 'global', '--constraint', 'node.role == worker', '--reserve-memory', reserved];
  await onManager(
    ...[
      'service',
      'create',
      '--name',
      'somebody-elses',
      '--no-resolve-image',
      '--detach',
      '--no-healthcheck',
      ...where,
    ],
    ...['--entrypoint', 'sleep', image, '600'],
  );
  try {
    const { code, stderr } = await metals('scale', 'producer=10', 'processor=5');
    expect(code).toBe(1);
    expect(stderr).toMatch(/service processor: no room for \d of 5 tasks|service producer: no room for \d of 10 tasks/);
    expect(stderr).toContain('the Swarm has no room for producer=10,processor=5; nothing was changed');
    expect(await statusOf('producer')).toEqual(before);
  } finally {
    await onManager('service', 'rm', 'somebody-elses');
  }
});

interface Change {
  readonly document: string;
  readonly by: string;
}

async function history(...options: string[]): Promise<Change[]> {
  const { code, stdout, stderr } = await metals('history', ...options, '--json');
  if (code !== 0) throw new Error(`metals history: exit code ${code}\n${stderr}`);
  return (parseBySchema('history', stdout) as { changes: Change[] }).changes;
}

test('the history tells what was scaled, how that ended, and what was deployed', async () => {
  const newest = await history();
  expect(newest[0]).toMatchObject({
    ...{ document: 'service-scale', by: 'metals', outcome: 'failed', detail: 'producer=10, processor=5' },
    error: 'the Swarm has no room for producer=10,processor=5; nothing was changed',
  });
  expect(newest).toContainEqual(
    expect.objectContaining({ detail: 'producer=5, processor=3', outcome: 'succeeded', seconds: expect.any(Number) }),
  );
  // The tests before this one have left more than are shown unless asked for.
  const deployments = (await history('--lines', '200')).filter(({ document }) => document === 'stack-deploy');
  expect(deployments.at(-1)).toMatchObject({ by: 'CloudFormation', outcome: 'succeeded' });
});

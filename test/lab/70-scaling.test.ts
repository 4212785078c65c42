import { PROCESSOR_PORT, PRODUCER_PORT } from '../../lib/contract';
import { UuidV7Generator } from '../../services/common/uuid';
import { inTask, onManager, tasks } from './support/nodes';
import { connectPrices, http, PROCESSOR_URL, produce } from './support/pipeline';
import { eventually } from './support/run';
import { apiKey } from './support/secrets';

jest.setTimeout(400_000);

/** The producer's limit for each node goes with the number of replicas; 0 is none. */
const scale = async (producers: number, producersPerNode: number, processors: number): Promise<void> => {
  const spread = ['--replicas', String(producers), '--replicas-max-per-node', String(producersPerNode)];
  await onManager('service', 'update', '--detach', ...spread, 'metals_producer');
  await onManager('service', 'scale', '--detach', `metals_processor=${processors}`);
  await eventually(`${producers} producers and ${processors} processors healthy`, 180, async () => {
    const [producing, processing] = [(await tasks('producer')).length, (await tasks('processor')).length];
    const rows = await onManager('service', 'ls', '--format', '{{.Name}} {{.Replicas}}');
    const wanted = [`metals_producer ${producers}/${producers}`, `metals_processor ${processors}/${processors}`];
    const ready = producing === producers && processing === processors && wanted.every((row) => rows.includes(row));
    return ready
      ? undefined
      : `${producing} producers, ${processing} processors; ${rows.trim().replaceAll('\n', ', ')}`;
  });
};

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
afterAll(() => scale(2, 1, 1));

test('five producers and three processors answer through the same URLs', async () => {
  await scale(5, 0, 3);
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

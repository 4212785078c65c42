import { UuidV7Generator } from '../../services/common/uuid';
import { onManager, tasks } from './support/nodes';
import { connectPrices, http, PROCESSOR_URL, produce, PRODUCER_URL } from './support/pipeline';
import { eventually } from './support/run';
import { apiKey } from './support/secrets';

jest.setTimeout(400_000);

const scale = async (producers: number, processors: number): Promise<void> => {
  await onManager('service', 'scale', '--detach', `metals_producer=${producers}`, `metals_processor=${processors}`);
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

/** Each replica started at a time of its own, which its metrics tell. */
async function replicasSeen(url: string, requests: number): Promise<number> {
  const started = new Set<string>();
  for (let index = 0; index < requests; index += 1) {
    const { status, body } = await http('GET', `${url}/metrics`);
    expect(status).toBe(200);
    started.add(/^\w*process_start_time_seconds\S* (\S+)$/m.exec(String(body))?.[1] ?? 'none');
  }
  return started.size;
}

// The lab goes back to what the stack says, whatever failed.
afterAll(() => scale(1, 1));

test('five producers and three processors answer through the same URLs', async () => {
  await scale(5, 3);
  await eventually('the edge knows all replicas', 60, async () => {
    const [producers, processors] = [await replicasSeen(PRODUCER_URL, 25), await replicasSeen(PROCESSOR_URL, 15)];
    return producers === 5 && processors === 3
      ? undefined
      : `it sends to ${producers} producers and ${processors} processors`;
  });

  const key = await apiKey();
  const ids = new UuidV7Generator();
  const source = `lab-scaling-${Date.now()}`;
  const events = Array.from({ length: 100 }, (_, index) => ({
    event_id: ids.next(),
    metal: 'copper',
    price: 1 + index,
    source,
  }));
  const answers = await Promise.all(events.map((event) => produce(event, key)));
  expect(answers.map((answer) => answer.status)).toEqual(events.map(() => 202));

  const prices = await connectPrices();
  try {
    await eventually('all events in MongoDB', 60, async () => {
      const stored = await prices.collection.countDocuments({ source });
      return stored === events.length ? undefined : `${stored} of ${events.length}`;
    });
    const partitions = await prices.collection.distinct('kafka.partition', { source });
    expect(partitions.length).toBeGreaterThan(0);
  } finally {
    await prices.close();
  }
});

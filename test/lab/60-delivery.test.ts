/** The promise: what was accepted is stored exactly once, whatever happens to a process on the way. */
import { UuidV7Generator } from '../../services/common/uuid';
import { connectPrices, produce, type Prices } from './support/pipeline';
import { eventually } from './support/run';
import { onlyTask, tasks, tryInNode } from './support/nodes';
import { apiKey } from './support/secrets';

jest.setTimeout(300_000);

const EVENTS = 5000;
const EVENTS_PER_SECOND = 100;
const ATTEMPTS = 20;

let key: string;
let prices: Prices;
beforeAll(async () => {
  key = await apiKey();
  prices = await connectPrices();
});
afterAll(() => prices?.close());

/** Sends until it is accepted; repeating the same id is safe, whatever the answer before was. */
async function deliver(event: { event_id: string }): Promise<void> {
  let last = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    try {
      const answer = await produce(event, key);
      if (answer.status === 202) return;
      last = `${answer.status} ${JSON.stringify(answer.body)}`;
      if (answer.status < 500) break;
    } catch (error) {
      last = (error as Error).message;
    }
    await new Promise((resolve) => setTimeout(resolve, 200 * attempt));
  }
  throw new Error(`event ${event.event_id} was not accepted: ${last}`);
}

test(`${EVENTS} events at ${EVENTS_PER_SECOND}/s, the processor killed midway: the same ids, each once`, async () => {
  const source = `lab-delivery-${Date.now()}`;
  const ids = new UuidV7Generator();
  const sent: string[] = [];
  const deliveries: Promise<void>[] = [];
  const killed = { after: 0 };
  const before = await onlyTask('processor');
  const startMs = Date.now();
  for (let index = 0; index < EVENTS; index += 1) {
    // Open loop: each event has its own time, however long the others take.
    const dueMs = startMs + (index * 1000) / EVENTS_PER_SECOND;
    const waitMs = dueMs - Date.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const event = { event_id: ids.next(), metal: 'gold', price: 1000 + index / 100, source };
    sent.push(event.event_id);
    deliveries.push(deliver(event));
    if (index === EVENTS / 2) {
      const kill = await tryInNode(before.node, ['docker', 'kill', '--signal', 'KILL', before.container]);
      expect([kill.code, kill.stderr]).toEqual([0, '']);
      killed.after = await prices.collection.countDocuments({ source });
    }
  }
  await Promise.all(deliveries);
  const sentSeconds = (Date.now() - startMs) / 1000;
  await eventually('all events in MongoDB', 120, async () => {
    const stored = await prices.collection.countDocuments({ source });
    return stored >= EVENTS ? undefined : `${stored} of ${EVENTS}`;
  });
  const stored = await prices.collection.find({ source }, { projection: { _id: 1, price: 1 } }).toArray();
  expect(stored.map((document) => document._id).sort()).toEqual([...sent].sort());
  expect(new Set(stored.map((document) => document.price)).size).toBe(EVENTS);
  // The kill came in the middle of the work, and another task has finished it.
  expect(killed.after).toBeGreaterThan(0);
  expect(killed.after).toBeLessThan(EVENTS);
  const [after] = await tasks('processor');
  expect(after?.container).not.toBe(before.container);
  console.log(
    `sent in ${sentSeconds.toFixed(1)} s, stored after ${((Date.now() - startMs) / 1000).toFixed(1)} s; ${killed.after} stored when the processor was killed`,
  );
});

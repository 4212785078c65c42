/** Stored prices that are lost come back from Kafka; those that are stored stay as they are. */
import { UuidV7Generator } from '../../services/common/uuid';
import { connectMongo, mustBeStored, produce, type Prices, type StoredPrice } from './support/pipeline';
import { eventually, metals } from './support/run';
import { apiKey, password } from './support/secrets';

jest.setTimeout(300_000);

const source = `lab-rewind-${Date.now()}`;
const EVENTS = 20;

let prices: Prices;
let before: StoredPrice[];

const stored = (): Promise<StoredPrice[]> => prices.collection.find({ source }).sort({ _id: 1 }).toArray();

beforeAll(async () => {
  const [key, ids] = [await apiKey(), new UuidV7Generator()];
  const sent = Array.from({ length: EVENTS }, () => ids.next());
  for (const [index, event_id] of sent.entries())
    expect((await produce({ event_id, metal: 'platinum', price: 1 + index, source }, key)).status).toBe(202);
  await mustBeStored(source, sent);
  prices = await connectMongo({ username: 'admin', password: await password('mongodb-password', 'admin') });
  before = await stored();
  await prices.collection.deleteMany({ _id: { $in: before.slice(0, EVENTS / 2).map(({ _id }) => _id) } });
});
afterAll(() => prices?.close());

test('asked how many it would be, nothing is read again', async () => {
  const { code, stdout, stderr } = await metals('rewind', '--since', '10m', '--dry-run', '--json');
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  const { rewound, records } = JSON.parse(stdout) as { rewound: boolean; records: number };
  expect(rewound).toBe(false);
  expect(records).toBeGreaterThanOrEqual(EVENTS);
  expect(await stored()).toHaveLength(EVENTS / 2);
});

test('what was deleted is stored again, each once, and the others are not touched', async () => {
  const { code, stderr } = await metals('rewind', '--since', '10m', '--yes');
  expect([code, code === 0 ? '' : stderr]).toEqual([0, '']);
  await eventually('all prices', 60, async () => {
    const { length } = await stored();
    return length === EVENTS ? undefined : `${length} of ${EVENTS}`;
  });
  const after = await stored();
  expect(after.map(({ _id, price }) => [_id, price])).toEqual(before.map(({ _id, price }) => [_id, price]));
  expect(after.slice(EVENTS / 2)).toEqual(before.slice(EVENTS / 2));
});

test('the processors run as before, and catch up', async () => {
  await eventually('metals status that is healthy', 120, async () => {
    const { code, stdout } = await metals('status', '--json');
    return code === 0 ? undefined : stdout.slice(-500);
  });
});

import { TOPIC } from '../../lib/contract';
import { eventually } from './support/run';
import { connectPrices, http, PROCESSOR_URL, produce, PRODUCER_URL, type Prices } from './support/pipeline';
import { apiKey } from './support/secrets';

jest.setTimeout(120_000);

let key: string;
let prices: Prices;

beforeAll(async () => {
  key = await apiKey();
  prices = await connectPrices();
});
afterAll(() => prices?.close());

test('a produced event is found once in MongoDB, with its fields', async () => {
  const answer = await produce({ metal: 'gold', price: 1850.25, source: 'lab-test' }, key);
  expect(answer.status).toBe(202);
  const id = (answer.body as { event_id: string }).event_id;
  await eventually(`event ${id} in MongoDB`, 30, async () =>
    (await prices.collection.findOne({ _id: id })) === null ? 'not found' : undefined,
  );
  const found = await prices.collection.find({ _id: id }).toArray();
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({
    _id: id,
    metal: 'gold',
    price: 1850.25,
    source: 'lab-test',
    currency: 'USD',
    unit: 'troy_ounce',
    schema_version: 1,
    kafka: { topic: TOPIC.prices, partition: expect.any(Number), offset: expect.anything() },
  });
  expect(found[0]!.timestamp).toBeInstanceOf(Date);
  expect(found[0]!.ingested_at.getTime()).toBeGreaterThanOrEqual(found[0]!.timestamp.getTime());
});

test('the same event sent twice is stored once', async () => {
  const first = await produce({ metal: 'silver', price: 23.5, source: 'lab-test' }, key);
  const { event_id: id, timestamp } = first.body as { event_id: string; timestamp: string };
  const again = { metal: 'silver', price: 23.5, source: 'lab-test', event_id: id, timestamp };
  expect((await produce(again, key)).status).toBe(202);
  await eventually('stored', 30, async () =>
    (await prices.collection.countDocuments({ _id: id })) === 1 ? undefined : 'not found',
  );
  expect(
    await prices.collection.countDocuments({ source: 'lab-test', timestamp: new Date(timestamp), metal: 'silver' }),
  ).toBe(1);
});

test.each([
  ['a wrong key', { 'x-api-key': 'wrong' }],
  ['no key', {}],
])('%s is refused, and nothing is stored', async (_, headers: Record<string, string>) => {
  const price = 1000 + Math.random();
  const answer = await http('POST', `${PRODUCER_URL}/produce`, { metal: 'gold', price, source: 'lab-test' }, headers);
  expect(answer.status).toBe(401);
  expect(await prices.collection.countDocuments({ price })).toBe(0);
});

test.each([
  ['an unknown metal', { metal: 'unobtainium', price: 1 }, 'metal'],
  ['a negative price', { metal: 'gold', price: -1 }, 'price'],
  ['an unknown field', { metal: 'gold', price: 1, colour: 'yellow' }, 'colour'],
])('%s is refused with the field', async (_, event, field) => {
  const answer = await produce(event, key);
  expect(answer.status).toBe(400);
  expect(JSON.stringify(answer.body)).toContain(field);
});

test.each([
  ['producer', PRODUCER_URL],
  ['processor', PROCESSOR_URL],
])('GET /health of the %s has the agreed fields', async (service, url) => {
  const { status, body } = await http('GET', `${url}/health`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    status: 'healthy',
    kafka_connected: true,
    processed_count: expect.any(Number),
    service,
    version: expect.any(String),
  });
  if (service === 'processor') expect(body).toHaveProperty('mongodb_status');
  const { timestamp } = body as { timestamp: string };
  expect(new Date(timestamp).toISOString()).toBe(timestamp);
});

test.each([PRODUCER_URL, PROCESSOR_URL])('GET %s/metrics is Prometheus text', async (url) => {
  const { status, body } = await http('GET', `${url}/metrics`);
  expect(status).toBe(200);
  expect(body).toMatch(/^# TYPE \S+ (counter|gauge|histogram)$/m);
});

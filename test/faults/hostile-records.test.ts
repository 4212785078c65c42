/** Records that cost more than they look: their neighbours are stored all the same, and no process ends. */
import { gzipSync } from 'node:zlib';
import { CompressionCodecs, CompressionTypes, type Message } from 'kafkajs';
import { startRig, type Rig } from '../rig/rig';
import type { Task } from '../rig/task';
import { waitUntil } from '../rig/wait';
import { Fleet } from './support/fleet';
import { foreignEvent, sendForeign, toMessage } from './support/foreign';
import { post } from './support/post';
import { DEAD_LETTERS, endOf, settled, withAdmin } from './support/topics';
import { findStored, readLetters, storedSources, tell } from './support/trial';

jest.setTimeout(180_000);

/** How much later than usual an event of another partition may be stored. */
const NEIGHBOUR_SECONDS = 15;
const ANSWER_MS = 5_000;
const HEADERS = 12_000;
/** A fifth of what fits into one batch of a megabyte: each becomes a dead letter, some 500 a second on two busy CPUs. */
const TINY_RECORDS = 20_000;

let rig: Rig;
let producer: Task;
let processor: Task;
let startedAt: string;
beforeAll(async () => {
  rig = await startRig({ name: 'hostile-records', report: tell });
  const fleet = new Fleet(rig);
  [producer, processor] = await Promise.all([fleet.add('producer'), fleet.add('processor')]);
  ({ startedAt } = await processor.state());
});
afterAll(() => rig?.stop());
afterEach(async () => {
  expect(await processor.state()).toMatchObject({ running: true, startedAt });
});

const settle = (): Promise<void> => settled(rig.kafkaClient(), 120, tell);
const sourcesOf = (run: string): Promise<string[]> => storedSources(rig, run);

/** By the broker's own count: reading all of them takes seconds. */
const countLetters = (): Promise<number> =>
  withAdmin(rig.kafkaClient(), async (admin) => (await endOf(admin, DEAD_LETTERS)).get(0) ?? 0);

/** An event that comes after the hostile record, on another partition. */
async function neighbourIsStored(run: string, partition: number): Promise<void> {
  await sendForeign(rig, partition, [toMessage(foreignEvent(`${run}-neighbour`, 0))]);
  await waitUntil({ what: 'the neighbour', timeoutSeconds: NEIGHBOUR_SECONDS, report: tell }, async () =>
    (await sourcesOf(`${run}-neighbour`)).length === 1 ? undefined : 'it is not stored',
  );
}

test(`${HEADERS} headers on one record`, async () => {
  const headers = Object.fromEntries(Array.from({ length: HEADERS }, (_, n) => [`h${n}`, '']));
  const offset = await sendForeign(rig, 0, [{ ...toMessage(foreignEvent('headers', 0)), headers }]);
  await neighbourIsStored('headers', 5);
  await settle();
  const letters = (await readLetters(rig)).filter((letter) => letter.partition === 0 && letter.offset === offset);
  // Its value is a good event; what costs too much may also be a dead letter. One of both it is.
  expect((await sourcesOf('headers')).length + Math.min(letters.length, 1)).toBe(1);
});

test(`${TINY_RECORDS} records of one byte in one batch: a dead letter each`, async () => {
  const tiny = Array.from({ length: TINY_RECORDS }, (): Message => ({ key: null, value: 'x' }));
  const first = await sendForeign(rig, 1, tiny);
  await neighbourIsStored('tiny', 5);
  await settle();
  const letters = (await readLetters(rig)).filter(({ partition, offset }) => partition === 1 && offset >= first);
  expect(new Set(letters.map(({ reason }) => reason))).toEqual(new Set(['not-json']));
  expect(new Set(letters.map(({ offset }) => offset)).size).toBe(TINY_RECORDS);
});

test('an event of the year 9999 counts as of the moment when the broker had it, and disables no later change', async () => {
  const price = (n: number, change: object = {}): Message =>
    toMessage(
      foreignEvent('future', n, { metal: 'gold', unit: 'troy_ounce', currency: 'CHF', price: 100 + n, ...change }),
    );
  await sendForeign(rig, 0, [price(0)]);
  await sendForeign(rig, 0, [price(1, { timestamp: '9999-12-31T23:59:59.000Z' })]);
  await sendForeign(rig, 0, [price(2, { timestamp: new Date(Date.now() + 1_000).toISOString() })]);
  await settle();
  const [last] = (await findStored(rig, 'future')).filter(({ source }) => source === 'oracle:future:2');
  expect(last.change?.previous_price).toBe(101);
});

test('an aborted transaction at the end of a partition: nothing of it is stored, and what follows is', async () => {
  const client = rig
    .kafkaClient('admin')
    .producer({ transactionalId: 'test', idempotent: true, maxInFlightRequests: 1 });
  await client.connect();
  const sendIn = async (run: string, end: 'commit' | 'abort'): Promise<void> => {
    const transaction = await client.transaction();
    const messages = [0, 1, 2].map((n) => ({ ...toMessage(foreignEvent(run, n)), partition: 2 }));
    await transaction.send({ topic: 'metals-prices', messages });
    await transaction[end]();
  };
  try {
    await sendIn('committed', 'commit');
    await sendIn('aborted', 'abort');
  } finally {
    await client.disconnect();
  }
  // Only a record moves the committed offset: until the next one, it stays before the transaction.
  await waitUntil({ what: 'the transaction before it', timeoutSeconds: 60, report: tell }, async () =>
    (await sourcesOf('committed')).length === 3 ? undefined : 'it is not stored',
  );
  await neighbourIsStored('aborted', 2);
  await settle();
  expect(await sourcesOf('aborted')).toEqual([]);
});

test('a gzip batch of 204 KB that is 200 MB when it is unpacked: one dead letter, and the broker stays up', async () => {
  const broker = await rig.kafka.state();
  CompressionCodecs[CompressionTypes.GZIP] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(gzipSync(buffer, { level: 9 })),
    decompress: () => Promise.reject(new Error('nothing of this test reads gzip')),
  });
  const bomb = { key: null, value: Buffer.alloc(200 * 1_048_576) };
  const offset = await sendForeign(rig, 3, [bomb], CompressionTypes.GZIP);
  await neighbourIsStored('bomb', 3);
  await settle();
  const letters = (await readLetters(rig)).filter((letter) => letter.partition === 3 && letter.offset === offset);
  expect(letters.map(({ reason }) => reason)).toEqual(['unreadable-batch']);
  expect(await rig.kafka.state()).toEqual(broker);
});

test.each([5e-324, 1e-7, 1e300])('a price of %p, then a usual one: what is accepted is stored', async (price) => {
  const before = await countLetters();
  const run = `extreme-${price}`;
  const accepted: string[] = [];
  for (const [n, each] of [price, 1e7].entries()) {
    const source = `oracle:${run}:${n}`;
    const event = { metal: 'silver', price: each, currency: 'SEK', source };
    const { status } = await post(producer.url, rig.apiKey, event, { timeoutMs: ANSWER_MS });
    expect([202, 400]).toContain(status);
    if (status === 202) accepted.push(source);
  }
  await settle();
  expect(await sourcesOf(run)).toEqual(accepted);
  expect(await countLetters()).toBe(before);
});

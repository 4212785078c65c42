/** What a foreign client may put on the topic: each record becomes a dead letter with its reason, and nothing waits for it. */
import { CompressionCodecs, CompressionTypes, type Message } from 'kafkajs';
import { startRig, type Rig } from '../rig/rig';
import type { Task } from '../rig/task';
import { waitUntil } from '../rig/wait';
import { Fleet } from './support/fleet';
import { denyDeadLetters, foreignEvent, sendForeign, toMessage as message } from './support/foreign';
import { DEAD_LETTERS, settled, withAdmin } from './support/topics';
import { readLetters, storedSources, tell } from './support/trial';

jest.setTimeout(180_000);

const MEGABYTE = 1_048_576;

let rig: Rig;
let processor: Task;
let startedAt: string;
beforeAll(async () => {
  rig = await startRig({ name: 'bad-records', report: tell });
  processor = await new Fleet(rig).add('processor');
  ({ startedAt } = await processor.state());
});
afterAll(() => rig?.stop());
afterEach(async () => {
  expect(await processor.state()).toMatchObject({ running: true, startedAt });
});

const event = (source: string, change: object = {}) =>
  foreignEvent('', 0, { metal: 'gold', unit: 'troy_ounce', source, ...change });
const send = (messages: Message[], partition = 0, compression = CompressionTypes.None): Promise<number> =>
  sendForeign(rig, partition, messages, compression);

const settle = (): Promise<void> => settled(rig.kafkaClient(), 60, tell);

async function reasonsAt(partition: number, offsets: readonly number[]): Promise<(string | undefined)[]> {
  const letters = (await readLetters(rig)).filter((letter) => letter.partition === partition);
  return offsets.map((offset) => letters.find((letter) => letter.offset === offset)?.reason);
}

const sourcesOf = (run: string): Promise<string[]> => storedSources(rig, run);

const big = (): Message => {
  const base = message(event('big'));
  // The limit of the topic is for the batch, in which the good ones are too.
  const padding = 'x'.repeat(MEGABYTE - 1_500);
  return { key: base.key, value: JSON.stringify({ padding }) };
};

const BAD: readonly [string, string, () => Message][] = [
  ['null', 'empty-value', () => ({ key: null, value: null })],
  ['empty', 'empty-value', () => ({ key: 'x', value: '' })],
  ['binary', 'not-utf-8', () => ({ key: null, value: Buffer.from([0xff, 0xfe, 0x00, 0x80]) })],
  ['text', 'not-json', () => ({ key: null, value: '{"metal":' })],
  ['a list', 'invalid-event', () => ({ key: null, value: '[]' })],
  ['another shape', 'invalid-event', () => ({ key: null, value: '{"metal":"gold"}' })],
  ['an operator for a price', 'invalid-event', () => message(event('bad', { price: { $gt: '' } }))],
  ['an unknown field', 'invalid-event', () => message(event('bad', { extra: 1 }))],
  ['a future version', 'unknown-schema-version', () => message(event('bad', { schema_version: 2 }))],
  ['1 MB', 'too-large', big],
  ['key unlike id', 'key-mismatch', () => ({ ...message(event('bad')), key: 'other' })],
];

test('each kind, between good ones: a dead letter with its reason and coordinates, and the good ones stored', async () => {
  const good = (n: number): Message => message(event(`oracle:kinds:${n}`));
  const expected: [number, string][] = [];
  for (const [index, [, reason, make]] of BAD.entries()) {
    const first = await send([good(2 * index), make(), good(2 * index + 1)]);
    expected.push([first + 1, reason]);
  }
  await settle();
  const reasons = await reasonsAt(
    0,
    expected.map(([offset]) => offset),
  );
  expect(BAD.map(([name], index) => [name, reasons[index]])).toEqual(BAD.map(([name, reason]) => [name, reason]));
  expect(await sourcesOf('kinds')).toHaveLength(2 * BAD.length);
});

test('poison at every offset of a batch, one batch for each: head, middle and tail', async () => {
  const size = 6;
  const poisoned: number[] = [];
  for (let at = 0; at < size; at += 1) {
    const batch = Array.from({ length: size }, (_, n) =>
      n === at ? { key: null, value: 'poison' } : message(event(`oracle:poison:${at}.${n}`)),
    );
    poisoned.push((await send(batch, 1)) + at);
  }
  await settle();
  expect(await reasonsAt(1, poisoned)).toEqual(poisoned.map(() => 'not-json'));
  expect(await sourcesOf('poison')).toHaveLength(size * (size - 1));
});

test.each([
  ['gzip', 20, 'not-json'],
  // Much larger when it is unpacked.
  ['gzip-600k', 600_000, 'too-large'],
])('batches that a client has compressed: %s', async (name, poisonBytes, reason) => {
  const of = (n: number): Message => message(event(`oracle:${name}:${n}`));
  const first = await send([of(0), { key: null, value: 'x'.repeat(poisonBytes) }, of(1)], 5, CompressionTypes.GZIP);
  await settle();
  expect(await reasonsAt(5, [first + 1])).toEqual([reason]);
  expect(await sourcesOf(name)).toEqual([0, 1].map((n) => `oracle:${name}:${n}`));
});

/** A frame of one block that is not compressed, which is valid LZ4: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md */
function lz4Frame(data: Buffer): Buffer {
  const header = Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82, 0, 0, 0, 0]);
  header.writeUInt32LE((0x80000000 | data.length) >>> 0, 7);
  return Buffer.concat([header, data, Buffer.alloc(4)]);
}

test('a batch with a codec that nothing here unpacks: one dead letter for all of it, and what follows is stored', async () => {
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => Promise.resolve(lz4Frame(buffer)),
    decompress: () => Promise.reject(new Error('nothing of this test reads lz4')),
  });
  const of = (n: number): Message => message(event(`oracle:lz4:${n}`));
  const first = await send([of(0), of(1)], 5, CompressionTypes.LZ4);
  await send([of(2)], 5);
  await settle();
  expect(await reasonsAt(5, [first, first + 1])).toEqual(['unreadable-batch', undefined]);
  expect(await sourcesOf('lz4')).toEqual(['oracle:lz4:2']);
});

test('nothing but poison, more than one insert takes', async () => {
  const first = await send(
    Array.from({ length: 1_500 }, () => ({ key: null, value: 'poison' })),
    2,
  );
  await settle();
  const offsets = Array.from({ length: 1_500 }, (_, n) => first + n);
  expect(new Set(await reasonsAt(2, offsets))).toEqual(new Set(['not-json']));
});

/** Dead letters cannot be sent, or their topic is not there. */
const OUTAGE = /^dead letters: |^Kafka: topic metals-\S+ does not exist/;

describe('the topic of dead letters cannot be used for a while', () => {
  test.each([
    {
      what: 'denied',
      partition: 3,
      takeAway: () => denyDeadLetters(rig),
    },
    {
      what: 'deleted',
      partition: 4,
      takeAway: async () => {
        await withAdmin(rig.kafkaClient(), (admin) => admin.deleteTopics({ topics: [DEAD_LETTERS] }));
        return async () => {
          const topics = [{ topic: DEAD_LETTERS, numPartitions: 1 }];
          await withAdmin(rig.kafkaClient(), (admin) => admin.createTopics({ topics }));
        };
      },
    },
  ])('$what: its partition waits, the others go on, and afterwards nothing is missing', async (outage) => {
    const { what, partition } = outage;
    const giveBack = await outage.takeAway();
    const poison = await send([message(event(`oracle:${what}:0`)), { key: null, value: 'poison' }], partition);
    await send([message(event(`oracle:${what}:1`))], 5);
    await waitUntil({ what: 'what is no poison', timeoutSeconds: 20 }, async () => {
      const stored = await sourcesOf(what);
      return stored.length === 2 ? undefined : `stored: ${stored.join(', ')}`;
    });
    await waitUntil({ what: 'the health to say so', timeoutSeconds: 30 }, async () => {
      const { status, reasons } = await processor.health();
      return status === 'degraded' && reasons.some((reason) => OUTAGE.test(reason))
        ? undefined
        : `${status}: ${reasons.join('; ')}`;
    });
    await giveBack();
    await send([message(event(`oracle:${what}:2`))], partition);
    await settle();
    expect(await reasonsAt(partition, [poison + 1])).toEqual(['not-json']);
    expect(await sourcesOf(what)).toEqual([0, 1, 2].map((n) => `oracle:${what}:${n}`));
    await waitUntil({ what: 'health', timeoutSeconds: 30 }, async () => {
      const { status, reasons } = await processor.health();
      // The records of the tests before this one are told of for a minute.
      const others = reasons.filter((reason) => !reason.includes('is a dead letter, unread'));
      return others.length === 0 ? undefined : `${status}: ${others.join('; ')}`;
    });
  });
});

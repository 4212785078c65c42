/** Poison records become dead letters; these are listed, shown and replayed, by the command line that operators use. */
import { connect } from 'node:net';
import { Kafka, logLevel, Partitioners, type Message, type Producer } from 'kafkajs';
import { TOPIC } from '../../lib/contract';
import { UuidV7Generator } from '../../services/common/uuid';
import { onlyTask, onManager } from './support/nodes';
import { connectMongo, connectPrices, produce, type Prices } from './support/pipeline';
import { eventually, metals, tryRun, type Result } from './support/run';
import { apiKey, password } from './support/secrets';
import { openTunnel, type Tunnel } from './support/tunnel';

jest.setTimeout(180_000);

/** What drives a terminal: clear the screen, change the title, turn the direction of text. */
const POISON = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e{broken';

let tunnel: Tunnel;
let kafka: Kafka;
let producer: Producer;
let prices: Prices;
const ids = new UuidV7Generator();

beforeAll(async () => {
  tunnel = await openTunnel(await onlyTask('kafka'), 9092);
  kafka = new Kafka({
    brokers: ['kafka:9092'],
    // The broker calls itself kafka:9092, which resolves on the overlay alone: every connection goes through the tunnel.
    socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port: tunnel.port }, onConnect),
    sasl: { mechanism: 'scram-sha-512', username: 'admin', password: await password('kafka-password', 'admin') },
    logLevel: logLevel.NOTHING,
  });
  producer = kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  prices = await connectPrices();
});
afterAll(async () => {
  await prices?.close();
  await producer?.disconnect();
  await tunnel?.close();
});

/** Where the next dead letter will be. */
async function endOfDeadLetters(): Promise<number> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    const [partition] = await admin.fetchTopicOffsets(TOPIC.deadLetters);
    return Number(partition!.high);
  } finally {
    await admin.disconnect();
  }
}

const deadLettersFrom = (first: number, count: number): Promise<void> =>
  eventually(`${count} new dead letters`, 30, async () => {
    const found = (await endOfDeadLetters()) - first;
    return found >= count ? undefined : `${found}`;
  });

async function send(message: Message): Promise<{ partition: number; offset: string }> {
  const [done] = await producer.send({ topic: TOPIC.prices, acks: -1, messages: [message] });
  return { partition: done!.partition, offset: done!.baseOffset! };
}

function answered(result: Result, code = 0): any {
  if (result.code !== code) throw new Error(`exit code ${result.code}, expected ${code}: ${result.stderr}`);
  return JSON.parse(result.stdout);
}

/** Neither a letter's bytes nor anything else that a terminal would obey. */
const expectHarmless = (text: string): void => expect(text).not.toMatch(/[^\n\P{C}]/u);

test('wrong input is refused before anything is asked or sent', async () => {
  const end = await endOfDeadLetters();
  for (const args of [
    ['show', String(end)],
    ['replay', String(end), '--yes'],
    ['replay', '0', '--all', '--yes'],
  ]) {
    const result = await metals('dlq', ...args);
    expect([args, result.code, result.stdout]).toEqual([args, 2, '']);
  }
  const blind = await metals('dlq', 'replay', '--all');
  expect(blind.code).toBe(2);
  expect(blind.stderr).toContain('add --yes');
  expect(await endOfDeadLetters()).toBe(end);
});

test('poison is listed, shown without driving the terminal, and becomes a new letter when it is replayed', async () => {
  const first = await endOfDeadLetters();
  const sent = await send({ key: 'some key', value: POISON, partition: 2 });
  await deadLettersFrom(first, 1);

  const list = await metals('dlq', 'list', '--since', '5m', '--limit', '1');
  expect([list.code, list.code === 0 ? '' : list.stderr]).toEqual([0, '']);
  expect(list.stdout).toMatch(new RegExp(`^${first} .* not-json .* 2@${sent.offset} `, 'm'));
  expectHarmless(list.stdout);
  expect(list.stderr).toContain('not-json');

  const shown = await metals('dlq', 'show', String(first));
  expect(shown.code).toBe(0);
  expect(shown.stdout).toContain('\\x1b[2J\\x1b]0;owned\\x07\\x9b31m\\u{202e}{broken');
  expect(shown.stdout).toMatch(/^source key {2,}some key \(8 bytes, text\)$/m);
  expect(shown.stderr).toContain('next: the value is no JSON');
  expectHarmless(shown.stdout);
  const json = await metals('dlq', 'show', String(first), '--json');
  expectHarmless(json.stdout);
  expect(answered(json)).toMatchObject({ offset: first, reason: 'not-json', value: { data: POISON } });

  const dry = answered(await metals('dlq', 'replay', String(first), '--dry-run', '--json'));
  expect(dry).toMatchObject({ dry_run: true, selected: 1, sent: [] });
  expect(await endOfDeadLetters()).toBe(first + 1);

  const replayed = answered(await metals('dlq', 'replay', String(first), '--yes', '--json'));
  expect(replayed.sent).toEqual([{ offset: first, partition: 2, new_offset: expect.any(Number) }]);
  expect(replayed.sent[0].new_offset).toBeGreaterThan(Number(sent.offset));
  await deadLettersFrom(first, 2);
  // The new letter has the record that was replayed: the same bytes, the same key, from where it was sent to.
  const again = answered(await metals('dlq', 'show', String(first + 1), '--json'));
  expect(again).toMatchObject({
    reason: 'not-json',
    source_partition: 2,
    source_offset: replayed.sent[0].new_offset,
    source_key: { data: 'some key' },
    value: { data: POISON },
  });
});

test('a letter that is fine now is stored once, however often it is replayed', async () => {
  const first = await endOfDeadLetters();
  const id = ids.next();
  const key = await apiKey();
  const event = { event_id: id, metal: 'gold', price: 1850.25, source: 'lab-dead-letters' };
  expect((await produce(event, key)).status).toBe(202);
  expect((await produce({ ...event, price: 1900 }, key)).status).toBe(202);
  await deadLettersFrom(first, 1);
  const letter = answered(await metals('dlq', 'show', String(first), '--json'));
  expect(letter).toMatchObject({ reason: 'id-conflict', event_id: id, source_key: { data: id } });

  // The operator decides for the second one. No service may delete a price, so this is done as admin.
  const admin = await connectMongo({ username: 'admin', password: await password('mongodb-password', 'admin') });
  try {
    await admin.collection.deleteOne({ _id: id });
  } finally {
    await admin.close();
  }
  for (const round of [1, 2]) {
    const { sent } = answered(await metals('dlq', 'replay', String(first), '--yes', '--json'));
    expect([round, sent.length]).toEqual([round, 1]);
    const [{ partition, new_offset: offset }] = sent;
    await eventually(`round ${round} in MongoDB`, 30, async () => {
      const found = await prices.collection.find({ _id: id }).toArray();
      return found.length === 1 && found[0]!.price === 1900 ? undefined : JSON.stringify(found);
    });
    if (round === 1) {
      const [stored] = await prices.collection.find({ _id: id }).toArray();
      expect(stored!.kafka).toMatchObject({ partition, offset });
    }
  }
  // What follows on the same partition is stored, so the second one is done with: no new letter, no second document.
  const last = ids.next();
  await send({ key: last, value: eventText(last), partition: letter.source_partition });
  await eventually('a later event in MongoDB', 30, async () =>
    (await prices.collection.countDocuments({ _id: last })) === 1 ? undefined : 'not found',
  );
  expect(await prices.collection.countDocuments({ _id: id })).toBe(1);
  expect(await endOfDeadLetters()).toBe(first + 1);
});

const eventText = (id: string): string =>
  JSON.stringify({
    event_id: id,
    metal: 'gold',
    price: 1850,
    currency: 'USD',
    unit: 'troy_ounce',
    timestamp: new Date().toISOString(),
    source: 'lab-dead-letters',
    schema_version: 1,
  });

test('more letters than one answer can carry: all are listed, whole, and all of one reason are replayed', async () => {
  const first = await endOfDeadLetters();
  const count = 350;
  const messages = Array.from({ length: count }, (_, index) => ({
    value: Buffer.concat([Buffer.from([0xff]), Buffer.from(`poison ${index}`)]),
    partition: index % 6,
  }));
  await producer.send({ topic: TOPIC.prices, acks: -1, messages });
  await deadLettersFrom(first, count);
  // Into a pipe whose reader is slow: it holds 64 KiB, and this is more.
  const command = `bin/metals dlq list --reason not-utf-8 --limit ${count} --json`;
  const slow = await tryRun('bash', ['-o', 'pipefail', '-c', `${command} | { read -r; echo "$REPLY"; sleep 2; cat; }`]);
  expect(slow.stdout.length).toBeGreaterThan(65_536);
  const list = answered(slow);
  expect(list.letters.map((letter: any) => letter.offset)).toEqual(
    Array.from({ length: count }, (_, index) => first + count - 1 - index),
  );
  expect(list.total).toBeGreaterThanOrEqual(count);

  // An earlier run of this test may have left some as recent as these.
  const { sent, selected } = answered(
    await metals('dlq', 'replay', '--reason', 'not-utf-8', '--since', '10m', '--yes', '--json'),
  );
  expect(sent).toHaveLength(selected);
  expect(sent.filter(({ offset }: any) => offset >= first)).toHaveLength(count);
  expect(new Set(sent.map((each: any) => `${each.partition}@${each.new_offset}`)).size).toBe(selected);
  await deadLettersFrom(first, count + selected);
  expect(await endOfDeadLetters()).toBe(first + count + selected);
});

test('a large value is cut for showing, with its true size, and replayed whole', async () => {
  const first = await endOfDeadLetters();
  const bytes = 900_000;
  const sent = await send({ value: 'x'.repeat(bytes), partition: 5 });
  await deadLettersFrom(first, 1);
  const shown = await metals('dlq', 'show', String(first));
  expect(shown.stdout).toContain(`${bytes} bytes, text; the first 10000 bytes of it`);
  const replayed = answered(await metals('dlq', 'replay', String(first), '--yes', '--json'));
  expect(replayed.sent[0].new_offset).toBeGreaterThan(Number(sent.offset));
  await deadLettersFrom(first, 2);
  expect(answered(await metals('dlq', 'show', String(first + 1), '--json'))).toMatchObject({ value: { bytes } });
});

test('no job and no consumer group is left behind', async () => {
  expect((await onManager('service', 'ls', '-q', '--filter', 'label=com.metals.dead-letters=true')).trim()).toBe('');
  const admin = kafka.admin();
  await admin.connect();
  try {
    const { groups } = await admin.listGroups();
    expect(groups.map(({ groupId }) => groupId).filter((id) => id.startsWith('metals-dlq-'))).toEqual([]);
  } finally {
    await admin.disconnect();
  }
});

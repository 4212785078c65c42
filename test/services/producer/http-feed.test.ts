import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { ask, startRig, until, type Rig } from './support';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
const GZIP_BOMB = gzipSync(Buffer.alloc(50_000_000));

let source: Server;
let handler: Handler;
let polls: number;
let rig: Rig | undefined;

beforeEach(async () => {
  polls = 0;
  source = createServer((request, response) => {
    polls += 1;
    handler(request, response);
  });
  await new Promise<void>((resolve) => source.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
  source.closeAllConnections();
  await new Promise((resolve) => source.close(resolve));
});

const url = (): string => `http://127.0.0.1:${(source.address() as AddressInfo).port}/prices`;
const start = async (extra: object = {}, connected = true): Promise<Rig> => {
  const feed = { kind: 'http', url: `${url()}?token=secret`, interval_seconds: 0.1, timeout_seconds: 0.2, ...extra };
  rig = await startRig({ config: { feed, http: { max_array_events: 5 } }, connected });
  return rig;
};
const answers =
  (body: unknown, status = 200): Handler =>
  (_, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const quote = (fields: object = {}): object => ({ metal: 'gold', price: 2_650, ...fields });
const minuteAgo = new Date(Math.floor(Date.now() / 1_000) * 1_000 - 60_000).toISOString();

async function reasons(): Promise<string[]> {
  return (await ask(rig!.port, { method: 'GET', path: '/health' })).body.reasons as string[];
}
async function metric(line: string): Promise<number> {
  const { body } = await ask(rig!.port, { method: 'GET', path: '/metrics' });
  const found = String(body)
    .split('\n')
    .find((text) => text.startsWith(`${line} `));
  return Number(found?.slice(line.length) ?? 0);
}

describe('a source that brings nothing', () => {
  test.each<[string, Handler, string]>([
    ['answers 500', answers({}, 500), 'answered 500, expected 200'],
    ['redirects', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), 'answered 302'],
    ['is silent', () => undefined, 'no complete answer within 200 ms'],
    ['stops in the middle', (_, response) => response.writeHead(200).write('[{'), 'no complete answer within 200 ms'],
    ['answers something else', (_, response) => response.end('<html>'), 'answered something else than JSON in UTF-8'],
    ['answers invalid UTF-8', (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])), 'than JSON in UTF-8'],
    ['is endless', (_, response) => response.end('x'.repeat(300_000)), 'answered more than 262144 bytes'],
    [
      'is a gzip bomb',
      (_, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(GZIP_BOMB),
      'answered more than 262144 bytes',
    ],
    ['closes the connection', (request) => request.socket.destroy(), 'fetch failed'],
    ['has too many quotes', answers(Array(6).fill(quote())), 'answered 6 quotes, more than 5'],
    ['has a wrong quote', answers(quote({ metal: 'golf' })), 'refused 1, the first: metal: one of gold, copper'],
  ])('%s: degraded, with the reason', async (_, answer, reason) => {
    handler = answer;
    await start();
    await until(async () => (await reasons()).length > 0);
    const [text] = await reasons();
    expect(text).toContain(reason);
    expect(text).toMatch(/^feed http:\/\/127\.0\.0\.1:\d+\/prices: /);
    expect(JSON.stringify(rig!.log)).not.toContain('secret');
    expect(rig!.broker.sent).toEqual([]);
  });

  test('is logged once, counted at each poll, and logged again when it is back', async () => {
    handler = answers({}, 503);
    const { log, broker } = await start();
    await until(async () => (await metric('metals_producer_feed_polls_total{result="failed"}')) >= 2, 10_000);
    expect(log.filter(({ msg }) => msg === 'the feed has a problem')).toHaveLength(1);
    handler = answers(quote());
    await until(() => broker.sent.length > 0, 15_000);
    expect(await reasons()).toEqual([]);
    expect(log.filter(({ msg }) => msg === 'the feed brings prices again')).toHaveLength(1);
  }, 30_000);
});

describe('quotes', () => {
  test('an array is published in one batch; what a quote leaves out is filled in', async () => {
    handler = answers([quote(), quote({ metal: 'copper', price: 9_000, source: 'lme' })]);
    const { broker } = await start({ source: 'exchange' });
    await until(() => broker.sent.length >= 2);
    expect(broker.batches[0]).toBe(2);
    expect(broker.sent.slice(0, 2)).toMatchObject([
      { metal: 'gold', source: 'exchange', currency: 'USD', unit: 'troy_ounce' },
      { metal: 'copper', source: 'lme', unit: 'tonne' },
    ]);
  });

  test('with a time but no id: replicas give it the same id, and one replica publishes it once', async () => {
    handler = answers([quote({ timestamp: minuteAgo }), quote({ timestamp: minuteAgo, price: 2_651 })]);
    const first = await start();
    await until(() => polls >= 2);
    expect(first.broker.sent).toHaveLength(2);
    await first.stop();
    const second = await start();
    await until(() => second.broker.sent.length === 2);
    expect(second.broker.sent).toEqual(first.broker.sent);
    const [one, other] = second.broker.sent;
    expect(one.event_id).not.toBe(other.event_id);
    expect(one).toMatchObject({ timestamp: minuteAgo, event_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7/) });
  });

  test('with an id keeps it; without a time it gets the clock and an id of its own each time', async () => {
    const event_id = '01933b5c-7c00-7000-8000-00000000002a';
    handler = answers([quote({ event_id, timestamp: minuteAgo }), quote({ metal: 'copper' })]);
    const { broker } = await start();
    await until(() => broker.sent.length >= 3);
    expect(broker.sent.filter((event) => event.event_id === event_id)).toHaveLength(1);
    const copper = broker.sent.filter(({ metal }) => metal === 'copper');
    expect(new Set(copper.map((event) => event.event_id)).size).toBe(copper.length);
    expect(Math.abs(Date.parse(copper[0].timestamp) - Date.now())).toBeLessThan(5_000);
  });

  test('what Kafka did not take is published at a later poll, under the same id', async () => {
    handler = answers(quote({ timestamp: minuteAgo }));
    const started = start();
    const { broker } = await started;
    broker.before = () => Promise.reject(new Error('cut'));
    await until(
      async () => (await metric('metals_producer_feed_events_total{result="failed"}')) > 0 || broker.sent.length > 0,
    );
    broker.before = () => Promise.resolve();
    await until(() => broker.sent.length > 0, 15_000);
    expect(new Set(broker.sent.map(({ event_id }) => event_id)).size).toBe(1);
  }, 30_000);

  test('a good quote is published although another is refused, which is counted', async () => {
    handler = answers([quote({ price: -1 }), quote()]);
    const { broker } = await start();
    await until(() => broker.sent.length > 0);
    expect(await metric('metals_producer_feed_events_total{result="refused"}')).toBeGreaterThan(0);
    expect((await reasons())[0]).toContain('refused 1, the first: price: a number, at least 0.000001');
  });

  test('nothing is asked for while Kafka is away', async () => {
    handler = answers(quote());
    await start({}, false);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(polls).toBe(0);
  });
});

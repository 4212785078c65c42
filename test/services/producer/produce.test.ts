import { OutcomeUnknownError } from '../../../services/producer/publisher';
import { ask, KEY, startRig, until, type Answer, type Rig } from './support';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({
    config: { http: { max_array_events: 5, answer_timeout_ms: 1_000 }, queue: { max_events: 5, max_batch_events: 5 } },
    logLevel: 'debug',
  });
});
afterEach(() => rig.stop());

const post = (body: unknown, headers = {}): Promise<Answer> => ask(rig.port, { body: JSON.stringify(body), headers });
const gold = { metal: 'gold', price: 1_850 };
const held = (): (() => void) => {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  rig.broker.before = () => gate;
  return () => {
    rig.broker.before = () => Promise.resolve();
    release();
  };
};
/** An id that is new enough to be taken. */
const freshId = (tail: number): string => {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${tail.toString(16).padStart(12, '0')}`;
};

describe('one event', () => {
  test('202 with its id, only after it is published', async () => {
    const release = held();
    let answered = false;
    const answer = post(gold).finally(() => (answered = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    release();
    const { status, body } = await answer;
    const [event] = rig.broker.sent;
    expect({ status, body }).toEqual({
      status: 202,
      body: { event_id: event.event_id, status: 'accepted', timestamp: event.timestamp },
    });
  });

  test('503 with Retry-After while Kafka is away', async () => {
    rig.watch.ok = false;
    rig.watch.problem = 'Kafka: away';
    const { status, headers, body } = await post(gold);
    expect({ status, retry: headers['retry-after'] }).toEqual({ status: 503, retry: '5' });
    expect(body).toMatchObject({
      type: 'urn:metals:problem:kafka-unavailable',
      detail: 'nothing was sent: Kafka: away',
    });
  });

  test('503 when the queue is full, which health then says', async () => {
    const release = held();
    const waiting = [post(gold)];
    await until(() => rig.publisher.inFlightMs > 0);
    waiting.push(post(Array(5).fill(gold)));
    await until(() => rig.publisher.queued === 5);
    const { status, body } = await post(gold);
    expect({ status, type: body.type }).toEqual({ status: 503, type: 'urn:metals:problem:queue-full' });
    expect((await ask(rig.port, { method: 'GET', path: '/health' })).body).toMatchObject({
      status: 'degraded',
      states: ['queue-full'],
    });
    release();
    expect((await Promise.all(waiting)).map((answer) => answer.status)).toEqual([202, 202]);
  });

  test('504 with the id when the outcome is unknown: sending that again is the same event', async () => {
    rig.broker.before = () => Promise.reject(new Error('cut'));
    const { status, headers, body } = await post(gold);
    expect({ status, retry: headers['retry-after'] }).toEqual({ status: 504, retry: '5' });
    rig.broker.before = () => Promise.resolve();
    await until(() => rig.publisher.connected);
    const retried = await post({ ...gold, event_id: body.event_id });
    expect(retried).toMatchObject({ status: 202, body: { event_id: body.event_id, timestamp: body.timestamp } });
  });

  test('504 when Kafka takes longer than a client is made to wait', async () => {
    const release = held();
    const { status, body } = await post(gold);
    expect(status).toBe(504);
    expect(body.detail).toContain('no answer in 1000 ms');
    release();
  });

  test('an unforeseen error is a 500 that tells nothing of it but in the log', async () => {
    rig.publisher.publish = () => Promise.reject(new TypeError('secret detail'));
    const { status, body } = await post(gold);
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret detail');
    const line = rig.log.find(({ status: logged }) => logged === 500);
    expect(line).toMatchObject({ level: 50, request_id: body.request_id, detail: 'secret detail' });
  });
});

describe('an array', () => {
  test('202 with a result for each, published in one batch', async () => {
    const release = held();
    const other = post(gold);
    await until(() => rig.publisher.inFlightMs > 0);
    const answer = post([gold, { metal: 'copper', price: 9_100 }, gold]);
    await until(() => rig.publisher.queued === 3);
    release();
    await other;
    const { status, body } = await answer;
    expect(status).toBe(202);
    expect(rig.broker.batches).toEqual([1, 3]);
    expect(body.results).toEqual(
      rig.broker.sent.slice(1).map(({ event_id, timestamp }, index) => ({ index, status: 202, event_id, timestamp })),
    );
  });

  test('207 when some are refused: the others are published, and the order is that of the request', async () => {
    const { status, headers, body } = await post([{ metal: 'gold' }, gold, null]);
    expect({ status, retry: headers['retry-after'] }).toEqual({ status: 207, retry: undefined });
    expect(body.results).toMatchObject([
      { index: 0, status: 400, problem: { errors: [{ field: 'price' }] } },
      { index: 1, status: 202, event_id: rig.broker.sent[0].event_id },
      { index: 2, status: 400, problem: { errors: [{ field: '(event)', value: null }] } },
    ]);
    expect(rig.broker.sent).toHaveLength(1);
  });

  test('400 as a problem when all are refused', async () => {
    const { status, headers, body } = await post([{ metal: 'gold' }, 7]);
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toMatchObject({ type: 'urn:metals:problem:invalid-event', results: [{ index: 0 }, { index: 1 }] });
    expect(rig.broker.sent).toEqual([]);
  });

  test('503 as a problem when none could be sent, 207 with Retry-After when one was refused besides', async () => {
    rig.watch.ok = false;
    expect(await post([gold, gold])).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5' },
      body: { type: 'urn:metals:problem:kafka-unavailable', results: [{ status: 503 }, { status: 503 }] },
    });
    const mixed = await post([gold, 7]);
    expect(mixed).toMatchObject({ status: 207, headers: { 'retry-after': '5' } });
    expect(mixed.body.results).toMatchObject([{ status: 503 }, { status: 400 }]);
  });

  test('504 with each id when the outcome is unknown, and the log has the ids', async () => {
    rig.broker.before = () => Promise.reject(new Error('cut'));
    const { status, body } = await post([gold, gold]);
    expect(status).toBe(504);
    const ids = body.results.map(({ event_id }: { event_id: string }) => event_id);
    expect(new Set(ids).size).toBe(2);
    expect(rig.log.find(({ event_ids }) => event_ids !== undefined)).toMatchObject({ level: 40, event_ids: ids });
  });

  test('one id given twice: equal events are published once, of others the first', async () => {
    const event = { ...gold, event_id: freshId(1) };
    const { status, body } = await post([event, event, { ...event, price: 1 }]);
    expect(status).toBe(207);
    expect(body.results).toMatchObject([
      { status: 202, event_id: event.event_id },
      { status: 202, event_id: event.event_id },
      { status: 409, problem: { type: 'urn:metals:problem:id-conflict', errors: [{ field: 'event_id' }] } },
    ]);
    expect(rig.broker.sent).toMatchObject([{ event_id: event.event_id, price: 1_850 }]);
  });

  test('more than allowed is refused as a whole', async () => {
    expect(await post(Array(6).fill(gold))).toMatchObject({
      status: 413,
      body: { detail: 'the array has 6 events; 5 are allowed in one request' },
    });
  });
});

describe('request ids', () => {
  test('a proper one is kept, in the header, the problem and the log', async () => {
    const { headers, body } = await post({}, { 'x-request-id': 'client-1.a:7_b' });
    expect([headers['x-request-id'], body.request_id]).toEqual(['client-1.a:7_b', 'client-1.a:7_b']);
    expect(rig.log.find(({ request_id }) => request_id === 'client-1.a:7_b')).toMatchObject({
      level: 40,
      status: 400,
      reason: 'invalid-event',
    });
  });

  test.each([['a b'], ['-'], ['x'.repeat(65)], ['a"b'], [['a', 'b']]])('%j is replaced', async (given) => {
    const { headers } = await post(gold, { 'x-request-id': given });
    expect(headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('success is logged at debug level only, and no line has the key or a price', async () => {
    await post({ ...gold, price: 1_234.5678 });
    await post({ metal: 'gold', price: -1_234.5678 });
    const lines = rig.log.filter(({ request_id }) => request_id !== undefined);
    expect(lines.map(({ level, status }) => [level, status])).toEqual([
      [20, 202],
      [40, 400],
    ]);
    expect(JSON.stringify(rig.log)).not.toMatch(new RegExp(`${KEY}|1234`));
  });
});

test('a 504 for an event names the id that the client gave', async () => {
  rig.publisher.publish = () => Promise.reject(new OutcomeUnknownError('cut'));
  const id = freshId(2);
  expect(await post({ ...gold, event_id: id })).toMatchObject({ status: 504, body: { event_id: id } });
});

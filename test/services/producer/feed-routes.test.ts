import { hostname } from 'node:os';
import { ask, KEY, startRig, until, type Answer, type Rig } from './support';

let rig: Rig;
beforeEach(async () => (rig = await startRig()));
afterEach(() => rig.stop());

const put = (body: unknown, headers = {}): Promise<Answer> =>
  ask(rig.port, { method: 'PUT', path: '/feed', body: JSON.stringify(body), headers });
const get = (headers = {}): Promise<Answer> => ask(rig.port, { method: 'GET', path: '/feed', headers });

test.each([[undefined], ['wrong'], [[KEY, KEY]]])('the key %j is refused', async (key) => {
  for (const answer of [await get({ 'x-api-key': key }), await put({ rate_per_second: 9 }, { 'x-api-key': key })]) {
    expect(answer).toMatchObject({ status: 401, body: { type: 'urn:metals:problem:unauthorised' } });
  }
  expect((await get()).body.rate_per_second).toBe(0);
});

test('a wrong setting changes nothing, and is named', async () => {
  const { status, body } = await put({ rate_per_second: -5, burst_events: 1 });
  expect(status).toBe(400);
  expect(body.errors).toEqual([
    { field: 'rate_per_second', value: -5, allowed: 'a number, at least 0 and at most 10000' },
  ]);
  expect((await get()).body).toMatchObject({ rate_per_second: 0, burst_events: 1 });
});

test('settings hold at once; the answer names the replica and says how long', async () => {
  const expected = {
    kind: 'simulator',
    rate_per_second: 200,
    burst_events: 50,
    replica: { hostname: hostname(), task_slot: 3 },
    holds: 'for this replica, until it restarts',
  };
  expect(await put({ rate_per_second: 200, burst_events: 50 })).toMatchObject({ status: 200, body: expected });
  expect((await get()).body).toEqual(expected);
  await until(() => rig.broker.sent.length >= 20);
  expect(rig.broker.sent[0]).toMatchObject({ source: 'simulator', metal: 'gold' });

  await put({ rate_per_second: 0 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  const sent = rig.broker.sent.length;
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(rig.broker.sent).toHaveLength(sent);
});

test('no price is invented unless a rate is given', async () => {
  await rig.stop();
  rig = await startRig({ config: { feed: { kind: 'simulator' } } });
  expect((await get()).body).toMatchObject({ kind: 'simulator', rate_per_second: 0 });
});

test('the same seed brings the same prices, whatever the rate', async () => {
  const prices = async (rate: number): Promise<number[]> => {
    await rig.stop();
    rig = await startRig({ config: { feed: { rate_per_second: rate, seed: 7 } } });
    await until(() => rig.broker.sent.length >= 10);
    return rig.broker.sent.slice(0, 10).map(({ price }) => price);
  };
  expect(await prices(100)).toEqual(await prices(1_000));
});

import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv2020, { type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { eventSchema } from '../../../services/common/event';
import {
  ask,
  exchange,
  GOOD,
  holdBack,
  KEY,
  rawRequest,
  startRig,
  until,
  type Answer,
  type RawRequest,
  type Rig,
  type RigOptions,
} from './support';
import { temporaryFolder } from '../common/temporary-folder';

let rig: Rig;
let document: any;
let ajv: Ajv2020;
beforeAll(async () => {
  rig = await startRig({ config: { http: { max_array_events: 3, answer_timeout_ms: 1_000 } } });
  const answer = await ask(rig.port, { method: 'GET', path: '/openapi.json', headers: { 'x-api-key': undefined } });
  expect(answer.status).toBe(200);
  document = answer.body;
  ajv = new Ajv2020({ allErrors: true, strict: false });
  addFormats(ajv);
  ajv.addSchema(document, 'openapi');
});
afterAll(() => rig.stop());

const seen = new Set<string>();

/** The part of the document that a JSON Pointer names, with references followed. */
function resolve(part: any): any {
  if (part?.$ref === undefined) return part;
  const steps = String(part.$ref).slice(2).split('/');
  return steps.reduce((value, step) => value[step], document);
}

const validator = (schema: object): ValidateFunction =>
  ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/')) as object);

/** Asks the real server, and holds the answer against what the document says of it. */
async function check(request: RawRequest, send = ask): Promise<Answer> {
  const answer = await send(rig.port, request);
  const { method = 'POST', path = '/produce' } = request;
  const operation = document.paths[path][method.toLowerCase()];
  const described = resolve(operation.responses[answer.status]);
  expect({ status: answer.status, described: described !== undefined }).toMatchObject({ described: true });
  const [type, media] = Object.entries<any>(described.content)[0];
  expect(answer.headers['content-type']).toContain(type);
  if (type === 'application/problem+json') expect(answer.body.status).toBe(answer.status);
  const validate = validator(media.schema);
  expect({ body: answer.body, errors: validate(answer.body) ? [] : validate.errors }).toMatchObject({ errors: [] });
  for (const name of Object.keys(described.headers ?? {})) {
    if (name !== 'retry-after' || answer.status >= 500) expect(Object.keys(answer.headers)).toContain(name);
  }
  seen.add(`${method} ${path} ${answer.status}`);
  return answer;
}

/** Asks another server meanwhile. */
async function withRig(options: RigOptions, act: () => Promise<void>): Promise<void> {
  const own = rig;
  rig = await startRig(options);
  try {
    await act();
  } finally {
    await rig.stop();
    rig = own;
  }
}

test('the document is valid OpenAPI 3.1', () => {
  const file = join(temporaryFolder(), 'openapi.json');
  writeFileSync(file, JSON.stringify(document));
  const bin = join(__dirname, '../../../node_modules/.bin/validate-api');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, file], { encoding: 'utf8' });
  expect({ status, output: stdout + stderr }).toMatchObject({ status: 0 });
  expect(document.openapi).toBe('3.1.0');
}, 30_000);

test('the rules of the fields are those of the schema file', () => {
  const { properties } = document.components.schemas.EventRequest;
  for (const name of ['price', 'event_id', 'unit'] as const) {
    expect(properties[name]).toEqual(eventSchema.properties[name]);
  }
  const { description, ...rules } = eventSchema.properties.timestamp;
  expect(properties.timestamp).toMatchObject(rules);
  expect(properties.timestamp.description).toContain(description);
  expect(properties.metal.enum).toEqual(['gold', 'copper']);
  expect(properties.currency.pattern).toBe(eventSchema.properties.currency.pattern);
});

test('how old and how far ahead a timestamp may be is as configured', () =>
  withRig({ config: { events: { max_age_days: 7, max_future_seconds: 60 } } }, async () => {
    const { body } = await ask(rig.port, { method: 'GET', path: '/openapi.json' });
    const { description } = body.components.schemas.EventRequest.properties.timestamp;
    expect(description).toMatch(/ The producer takes a time at most 7 days old and 60 s ahead\.$/);
  }));

describe('requests: the document takes what the server takes, and refuses what it refuses', () => {
  test.each<[unknown, number]>([
    [{ metal: 'gold', price: 1850 }, 202],
    [{ metal: 'copper', price: 0.01, currency: 'EUR', unit: 'kilogram', source: 'lme' }, 202],
    [{ metal: 'gold', price: 10_000_000 }, 202],
    [[{ metal: 'gold', price: 1 }], 202],
    [[], 400],
    [Array(4).fill({ metal: 'gold', price: 1 }), 413],
    [null, 400],
    ['gold', 400],
    [{}, 400],
    [{ metal: 'golf', price: 1 }, 400],
    [{ metal: 'gold', price: 0 }, 400],
    [{ metal: 'gold', price: 10_000_001 }, 400],
    [{ metal: 'gold', price: 1, currency: 'usd' }, 400],
    [{ metal: 'gold', price: 1, event_id: 'x' }, 400],
    [{ metal: 'gold', price: 1, timestamp: 'x' }, 400],
    [{ metal: 'gold', price: 1, more: 1 }, 400],
    [{ metal: 'gold', price: 1, source: '$' }, 400],
  ])('%j: %i', async (body, status) => {
    const { schema } = document.paths['/produce'].post.requestBody.content['application/json'];
    expect(validator(schema)(body)).toBe(status === 202);
    expect((await check({ body: JSON.stringify(body) })).status).toBe(status);
  });
});

describe('answers', () => {
  const get = (path: string, headers = {}): RawRequest => ({ method: 'GET', path, headers });
  const put = (body: string, headers = {}): RawRequest => ({ method: 'PUT', path: '/feed', body, headers });
  test.each<[number, RawRequest]>([
    [202, { body: GOOD }],
    [207, { body: `[${GOOD},{}]` }],
    [207, { body: `[{},7,${GOOD}]` }],
    [400, { body: '[{},{}]' }],
    [400, { body: '{' }],
    [401, { headers: { 'x-api-key': 'x' } }],
    [413, { body: ' '.repeat(262_145) }],
    [415, { headers: { 'content-type': 'text/csv' } }],
    [431, { headers: { x: Array(70).fill('') } }],
    [200, get('/feed')],
    [401, get('/feed', { 'x-api-key': undefined })],
    [200, put('{"rate_per_second":0,"burst_events":5}')],
    [400, put('{"rate_per_second":-1}')],
    [401, put('{}', { 'x-api-key': 'x' })],
    [413, put(' '.repeat(262_145))],
    [415, put('{}', { 'content-type': 'text/csv' })],
    [200, get('/health')],
    [200, get('/metrics')],
    [200, get('/openapi.json')],
    [431, get('/health', { x: Array(70).fill('') })],
    [431, get('/metrics', { x: Array(70).fill('') })],
  ])('%i', async (status, request) => expect((await check(request)).status).toBe(status));

  test('503 and 504', async () => {
    rig.watch.ok = false;
    rig.watch.problem = 'Kafka: away';
    expect((await check({})).status).toBe(503);
    expect((await check({ body: `[${GOOD}]` })).status).toBe(503);
    expect((await check(get('/health'))).body).toMatchObject({ status: 'degraded', states: ['kafka-unusable'] });
    rig.watch.ok = true;
    rig.watch.problem = undefined;
    for (const body of [GOOD, `[${GOOD},${GOOD}]`, `[${GOOD},{}]`]) {
      rig.broker.before = () => Promise.reject(new Error('cut'));
      expect((await check({ body })).status).toBe(body.includes('{}') ? 207 : 504);
      rig.broker.before = () => Promise.resolve();
      await until(() => rig.publisher.connected);
    }
  });

  test('500', async () => {
    const { publish } = rig.publisher;
    rig.publisher.publish = () => Promise.reject(new Error('unforeseen'));
    expect((await check({})).status).toBe(500);
    rig.publisher.publish = publish;
  });

  test('408 of a request that never ends', () =>
    withRig({ limits: { headersTimeoutMs: 100, requestTimeoutMs: 200 } }, async () => {
      const withoutEnd: typeof ask = (port, request = {}) => exchange(port, rawRequest(request).subarray(0, -1));
      expect((await check({}, withoutEnd)).status).toBe(408);
      expect((await check(put('{}'), withoutEnd)).status).toBe(408);
    }));

  test.each([{}, put('{"rate_per_second":1}')])('503 of a replica that stops', (request) =>
    withRig({}, async () => {
      const finish = await holdBack(rig.port, request);
      const drained = rig.app.drain(10_000);
      expect((await check(request, finish)).body.type).toBe('urn:metals:problem:stopping');
      await drained;
    }),
  );

  test('503 of a replica that has not reached Kafka, as a health and not as a problem', () =>
    withRig({ connected: false }, async () => {
      rig.watch.problem = 'Kafka: refused';
      expect((await check(get('/health'))).body).toMatchObject({ status: 'starting', kafka_connected: false });
    }));

  test('409 of a feed that is no simulator', () => {
    const url = 'http://127.0.0.1:9/prices?token=secret';
    return withRig({ config: { feed: { kind: 'http', url } }, connected: false }, async () => {
      expect((await check(put('{"rate_per_second":1}'))).status).toBe(409);
      const state = await check(get('/feed'));
      expect(state.body).toMatchObject({ kind: 'http', url: 'http://127.0.0.1:9/prices' });
      expect(JSON.stringify(state)).not.toContain('secret');
    });
  });

  test('every answer that the document promises was provoked', () => {
    const promised = Object.entries<any>(document.paths).flatMap(([path, methods]) =>
      Object.entries<any>(methods).flatMap(([method, { responses }]) =>
        Object.keys(responses).map((status) => `${method.toUpperCase()} ${path} ${status}`),
      ),
    );
    const shared = / (431|500)$/;
    expect(promised.filter((answer) => !seen.has(answer) && !shared.test(answer))).toEqual([]);
  });
});

test('no key is needed for the document, health and metrics, and none stands in them', async () => {
  for (const path of ['/openapi.json', '/health', '/metrics']) {
    const answer = await ask(rig.port, { method: 'GET', path, headers: { 'x-api-key': undefined } });
    expect(answer.status).toBe(200);
    expect(JSON.stringify(answer)).not.toContain(KEY);
  }
});

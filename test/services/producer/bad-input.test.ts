import { gzipSync } from 'node:zlib';
import { ask, exchange, KEY, startRig, type RawRequest, type Rig } from './support';

let rig: Rig;
beforeAll(async () => (rig = await startRig({ limits: { headersTimeoutMs: 300, requestTimeoutMs: 600 } })));
afterAll(() => rig.stop());

/** Whatever was sent before, a good request is answered, and nothing but it was published. */
afterEach(async () => {
  const published = rig.broker.sent.length;
  expect((await ask(rig.port)).status).toBe(202);
  expect(rig.broker.sent).toHaveLength(published + 1);
});

const expectNothingSent = async (act: () => Promise<void>): Promise<void> => {
  const before = rig.broker.sent.length;
  await act();
  expect(rig.broker.sent).toHaveLength(before);
};

describe('a body that is refused as a whole', () => {
  const deep = 100_000;
  test.each<[string, string | Buffer, string]>([
    ['empty', '', 'not-json'],
    ['truncated', '{"metal":"gold","pri', 'not-json'],
    ['a byte order mark', '\ufeff{"metal":"gold","price":1}', 'not-json'],
    [
      'invalid UTF-8',
      Buffer.from([...Buffer.from('{"metal":"go'), 0xff, ...Buffer.from('ld","price":1}')]),
      'not-utf-8',
    ],
    ['NaN', '{"metal":"gold","price":NaN}', 'not-json'],
    ['two documents', '{"metal":"gold","price":1}{}', 'not-json'],
    ['a doubled key', '{"metal":"gold","price":1,"price":2}', 'doubled-key'],
    ['a doubled key, once in escapes', '{"metal":"gold","price":1,"\\u0070rice":2}', 'doubled-key'],
    [
      'a doubled key in one event of an array',
      '[{"metal":"gold","price":1},{"metal":"gold","metal":"copper"}]',
      'doubled-key',
    ],
    ['a doubled __proto__', '{"__proto__":1,"__proto__":2}', 'doubled-key'],
    ['an array without events', '[]', 'empty-array'],
    ['arrays nested 100,000 deep without end', '['.repeat(deep), 'not-json'],
    ['arrays nested 100,000 deep', `${'['.repeat(deep)}${']'.repeat(deep)}`, 'invalid-event'],
    ['a doubled key 20,000 objects deep', `${'{"a":'.repeat(20_000)}{"b":1,"b":2}${'}'.repeat(20_000)}`, 'doubled-key'],
  ])('%s', async (_, body, slug) => {
    await expectNothingSent(async () => {
      const { status, body: problem } = await ask(rig.port, { body });
      expect({ status, type: problem.type }).toEqual({ status: 400, type: `urn:metals:problem:${slug}` });
    });
  });

  test('the doubled key is named', async () => {
    const { body } = await ask(rig.port, { body: '{"metal":"gold","price":1,"pr\\u0069ce":2}' });
    expect(body.errors).toEqual([{ field: 'price', allowed: 'each name once in an object' }]);
  });

  test('a key doubled at length is named at most in part', async () => {
    const name = 'x'.repeat(100_000);
    const { status, body } = await ask(rig.port, { body: `{"${name}":1,"${name}":2}` });
    expect(status).toBe(400);
    expect(JSON.stringify(body).length).toBeLessThan(1_000);
  });
});

describe('a field that is refused', () => {
  const inEvent = (fields: string): string => `{"metal":"gold","price":1850${fields === '' ? '' : `,${fields}`}}`;
  test.each<[string, string, string, unknown]>([
    ['null', 'null', '(event)', null],
    ['a string', '"gold"', '(event)', 'gold'],
    ['a number', '12', '(event)', 12],
    ['arrays nested 100,000 deep', `{"metal":${'['.repeat(1e5)}${']'.repeat(1e5)},"price":1}`, 'metal', 'an array'],
    ['__proto__', '{"metal":"gold","price":1,"__proto__":{"price":2}}', '__proto__', 'an object'],
    ['__proto__ instead of fields', '{"__proto__":{"metal":"gold","price":1}}', '__proto__', 'an object'],
    ['constructor', inEvent('"constructor":1'), 'constructor', 1],
    ['a price of 1e309', '{"metal":"gold","price":1e309}', 'price', 'Infinity'],
    ['a price of -1e309', '{"metal":"gold","price":-1e309}', 'price', '-Infinity'],
    ['a price of -0', '{"metal":"gold","price":-0}', 'price', '-0'],
    ['a price of 0', '{"metal":"gold","price":0}', 'price', 0],
    ['a price of 1e-400, which is 0', '{"metal":"gold","price":1e-400}', 'price', 0],
    ['a negative price', '{"metal":"gold","price":-1}', 'price', -1],
    ['a price as text', '{"metal":"gold","price":"12"}', 'price', '12'],
    ['a price of 2^53+1', '{"metal":"gold","price":9007199254740993}', 'price', 9007199254740992],
    ['a price that is null', '{"metal":"gold","price":null}', 'price', null],
    ['no price', '{"metal":"gold"}', 'price', undefined],
    ['no metal', '{"price":1}', 'metal', undefined],
    ['"GOLD "', '{"metal":"GOLD ","price":1}', 'metal', 'GOLD '],
    ['a homoglyph', '{"metal":"g\u043eld","price":1}', 'metal', 'g\u043eld'],
    ['NUL', '{"metal":"gold\\u0000","price":1}', 'metal', 'gold\0'],
    ['an operator', '{"metal":{"$gt":""},"price":1}', 'metal', 'an object'],
    ['a dotted name', '{"metal":"a.b","price":1}', 'metal', 'a.b'],
    ['a dotted key', inEvent('"a.b":1'), 'a.b', 1],
    ['a key that starts with a dollar', inEvent('"$where":"1"'), '$where', '1'],
    ['a key with a slash', inEvent('"a/b":1'), 'a/b', 1],
    ['an empty key', inEvent('"":1'), '(empty name)', 1],
    ['a timestamp of 1970', inEvent('"timestamp":"1970-01-01T00:00:00Z"'), 'timestamp', '1970-01-01T00:00:00Z'],
    ['a timestamp far ahead', inEvent('"timestamp":"9999-12-31T23:59:59Z"'), 'timestamp', '9999-12-31T23:59:59Z'],
    ['a timestamp that is no time', inEvent('"timestamp":"2026-02-30T25:00:00Z"'), 'timestamp', '2026-02-30T25:00:00Z'],
    ['a timestamp without an offset', inEvent('"timestamp":"2026-03-01T12:00:00"'), 'timestamp', '2026-03-01T12:00:00'],
    ['a timestamp as a number', inEvent('"timestamp":1769860800000'), 'timestamp', 1769860800000],
    ['an id that is no version 7 UUID', inEvent('"event_id":"1"'), 'event_id', '1'],
    ['a unit that there is not', inEvent('"unit":"ton"'), 'unit', 'ton'],
    ['schema_version, which is not for clients', inEvent('"schema_version":1'), 'schema_version', 1],
  ])('%s', async (_, body, field, value) => {
    await expectNothingSent(async () => {
      const answer = await ask(rig.port, { body });
      expect(answer.status).toBe(400);
      expect(answer.headers['content-type']).toBe('application/problem+json');
      const error = answer.body.errors.find((found: { field: string }) => found.field === field);
      expect(error).toEqual({ field, value, allowed: expect.stringMatching(/.{8}/) });
    });
  });

  test('10,000 unknown keys, named in part', async () => {
    const keys = Array.from({ length: 10_000 }, (_, index) => `"k${index}":1`).join(',');
    const { status, body } = await ask(rig.port, { body: inEvent(keys) });
    expect(status).toBe(400);
    expect(body.errors).toHaveLength(10);
    expect(body.detail).toMatch(/; and 9990 more$/);
  });

  test('an unknown key and a value of 200,000 characters each, repeated in part', async () => {
    for (const fields of [`"${'k'.repeat(200_000)}":1`, `"source":"${'v'.repeat(200_000)}"`]) {
      const { status, body } = await ask(rig.port, { body: inEvent(fields) });
      expect(status).toBe(400);
      expect(JSON.stringify(body).length).toBeLessThan(1_500);
    }
  });
});

describe('the same id with another body', () => {
  test('is accepted here: only the processor, which knows what is stored, can make a dead letter of it', async () => {
    const event_id = (await ask(rig.port)).body.event_id as string;
    for (const price of [1, 2]) {
      const answer = await ask(rig.port, { body: JSON.stringify({ metal: 'gold', price, event_id }) });
      expect(answer).toMatchObject({ status: 202, body: { event_id } });
    }
  });
});

describe('a request that is refused', () => {
  test.each<[string, RawRequest, number, string]>([
    ['a wrong content type', { headers: { 'content-type': 'text/plain' } }, 415, 'media-type'],
    ['no content type', { headers: { 'content-type': undefined } }, 415, 'media-type'],
    [
      'a content type of a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'media-type',
    ],
    [
      'a gzip bomb',
      { headers: { 'content-encoding': 'gzip' }, body: gzipSync(Buffer.alloc(50_000_000)) },
      415,
      'content-encoding',
    ],
    ['a body beyond the limit', { body: `"${'x'.repeat(262_144)}"` }, 413, 'too-large'],
    [
      'more events than allowed',
      { body: `[${Array(501).fill('{"metal":"gold","price":1}').join()}]` },
      413,
      'too-many-events',
    ],
    ['a missing key', { headers: { 'x-api-key': undefined } }, 401, 'unauthorised'],
    ['an empty key', { headers: { 'x-api-key': '' } }, 401, 'unauthorised'],
    ['a wrong key', { headers: { 'x-api-key': 'wrong' } }, 401, 'unauthorised'],
    ['a part of the key', { headers: { 'x-api-key': KEY.slice(0, -1) } }, 401, 'unauthorised'],
    ['a doubled key', { headers: { 'x-api-key': [KEY, KEY] } }, 401, 'unauthorised'],
    ['a key of 1 MB', { headers: { 'x-api-key': 'k'.repeat(1_000_000) } }, 431, 'headers-too-large'],
    ['10,000 headers', { headers: { x: Array(10_000).fill('1') } }, 431, 'headers-too-large'],
    [
      'headers beyond their number, but not their size',
      { headers: { x: Array(62).fill('1') } },
      431,
      'too-many-headers',
    ],
    [
      '300 short headers before the key',
      { headers: { 'x-api-key': undefined, x: Array(300).fill(''), 'X-Api-Key': KEY } },
      431,
      'too-many-headers',
    ],
    ['a path outside', { path: '/../../etc/passwd' }, 404, 'not-found'],
    ['a path in escapes', { path: '/%2e%2e/%2e%2e/etc/passwd' }, 404, 'not-found'],
    ['a path that ends where another begins', { path: '/produce/../metrics' }, 404, 'not-found'],
    ['the path in another case', { path: '/Produce' }, 404, 'not-found'],
    ['the path in escapes', { path: '/%70roduce' }, 404, 'not-found'],
    ['the path twice', { path: '//produce' }, 404, 'not-found'],
    ['the whole address', { path: 'http://producer/produce' }, 404, 'not-found'],
    ['a wrong method', { method: 'DELETE' }, 405, 'method-not-allowed'],
    ['a length and chunks at once', { headers: { 'transfer-encoding': 'chunked' } }, 400, 'not-http'],
  ])('%s', async (_, request, status, slug) => {
    await expectNothingSent(async () => {
      const answer = await ask(rig.port, request);
      expect({ status: answer.status, type: answer.body.type }).toEqual({ status, type: `urn:metals:problem:${slug}` });
      expect(JSON.stringify(answer)).not.toContain(KEY);
    });
  });

  test('as many headers as allowed are taken, and the key is found after all of them', async () => {
    const headers = { 'x-api-key': undefined, x: Array(60).fill('1') as string[], 'X-Api-Key': KEY };
    expect((await ask(rig.port, { headers })).status).toBe(202);
  });

  test('what is no HTTP', async () => {
    const answer = await exchange(rig.port, Buffer.from('\u0016\u0003\u0001 this is TLS\r\n\r\n'));
    expect(answer).toMatchObject({ status: 400, body: { type: 'urn:metals:problem:not-http' } });
  });

  test('the key stands in no answer and in no line of the log', () => {
    expect(rig.log.length).toBeGreaterThan(0);
    expect(JSON.stringify(rig.log)).not.toContain(KEY);
  });
});

import { request as httpRequest, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { apiKeyChecker } from '../../../services/common/api-key';
import { QueueFullError } from '../../../services/common/coalescer';
import { HttpServer } from '../../../services/common/http';
import { produce, type ProduceDeps } from '../../../services/producer/produce';
import { KafkaUnavailableError, OutcomeUnknownError } from '../../../services/producer/publisher';

const KEY = 'correct-horse-battery';
const event = {
  event_id: '01a204de-fcc6-7000-8479-47f6e574fbfe',
  metal: 'gold',
  price: 1_850,
  currency: 'USD',
  unit: 'troy_ounce' as const,
  timestamp: '2026-03-01T12:00:00.000Z',
  source: 'api',
  schema_version: 1 as const,
};
const deps: ProduceDeps = {
  isAuthorised: apiKeyChecker(KEY),
  maxBodyBytes: 1_000,
  answerTimeoutMs: 50,
  isStopping: () => false,
  toEvent: () => event,
  publish: () => Promise.resolve(),
};

let server: HttpServer;
let port: number;
let current: ProduceDeps;
let published = 0;

beforeAll(async () => {
  server = new HttpServer({
    port: 0,
    logger: pino({ level: 'silent' }),
    routes: [{ method: 'POST', path: '/produce', handle: (request) => produce(request, current) }],
  });
  port = await server.listen();
});
afterAll(() => server.close());
beforeEach(() => {
  published = 0;
  current = { ...deps, publish: async () => void (published += 1) };
});

interface Answer {
  readonly status: number;
  readonly headers: Record<string, unknown>;
  readonly body: any;
}

function post(body: string | Buffer, headers: RequestOptions['headers'] = {}, path = '/produce'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      port,
      path,
      method: 'POST',
      agent: false,
      headers: { 'content-type': 'application/json', 'x-api-key': KEY, ...headers },
    };
    const request = httpRequest(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text === '' ? undefined : JSON.parse(text),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

describe('POST /produce', () => {
  test.each([
    ['wrong', { 'x-api-key': 'wrong' }],
    ['empty', { 'x-api-key': '' }],
    ['doubled', { 'x-api-key': [KEY, KEY] }],
    ['a prefix of the right one', { 'x-api-key': KEY.slice(0, -1) }],
  ])('refuses a key that is %s, and sends nothing', async (_, headers) => {
    const { status, body } = await post('{}', headers);
    expect(status).toBe(401);
    expect(JSON.stringify(body)).not.toContain(KEY);
    expect(published).toBe(0);
  });

  test.each<[string, string | Buffer, RequestOptions['headers'], number, string]>([
    ['an empty body', '', {}, 400, 'not-json'],
    ['truncated JSON', '{"metal":', {}, 400, 'not-json'],
    ['a byte order mark', Buffer.from('\ufeff{}'), {}, 400, 'not-json'],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, 400, 'not-utf-8'],
    ['a wrong content type', '{}', { 'content-type': 'text/plain' }, 415, 'media-type'],
    ['a compressed body', gzipSync('{}'), { 'content-encoding': 'gzip' }, 415, 'content-encoding'],
    ['a body beyond the limit', 'x'.repeat(1_001), {}, 413, 'too-large'],
    ['a chunked body beyond the limit', 'x'.repeat(1_001), { 'transfer-encoding': 'chunked' }, 413, 'too-large'],
    ['deep nesting', '['.repeat(500), {}, 400, 'not-json'],
  ])('answers %s with a problem', async (_, body, headers, status, slug) => {
    const answer = await post(body, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(answer.body).toMatchObject({ type: `urn:metals:problem:${slug}`, status });
    expect(published).toBe(0);
  });

  test('an unknown path and a wrong method say what there is', async () => {
    expect(await post('{}', {}, '/../etc/passwd')).toMatchObject({
      status: 404,
      body: { detail: expect.stringContaining('POST /produce') },
    });
    const answer = await fetch(`http://127.0.0.1:${port}/produce`);
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('POST');
  });

  test('503 with Retry-After when the queue is full, Kafka is away or the replica stops', async () => {
    const failures: [Partial<ProduceDeps>, string][] = [
      [{ publish: () => Promise.reject(new QueueFullError(5, 5)) }, 'queue-full'],
      [{ publish: () => Promise.reject(new KafkaUnavailableError('away')) }, 'kafka-unavailable'],
      [{ isStopping: () => true }, 'stopping'],
    ];
    for (const [failure, slug] of failures) {
      current = { ...deps, ...failure };
      const { status, headers, body } = await post('{}');
      expect({ status, retryAfter: headers['retry-after'], type: body.type }).toEqual({
        status: 503,
        retryAfter: '5',
        type: `urn:metals:problem:${slug}`,
      });
    }
  });

  test('504 with the id when the outcome is unknown or takes too long', async () => {
    for (const publish of [
      () => Promise.reject(new OutcomeUnknownError('cut')),
      () => new Promise<void>(() => undefined),
    ]) {
      current = { ...deps, publish };
      expect(await post('{}')).toMatchObject({ status: 504, body: { event_id: event.event_id } });
    }
  });

  test('an unforeseen error is a 500 that tells nothing of it', async () => {
    current = { ...deps, publish: () => Promise.reject(new TypeError('secret detail')) };
    const { status, body } = await post('{}');
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret detail');
  });

  test('202 with the id, only after the event is published', async () => {
    let acknowledge = (): void => undefined;
    const acknowledged = new Promise<void>((resolve) => (acknowledge = resolve));
    current = { ...deps, answerTimeoutMs: 5_000, publish: () => acknowledged };
    let answered = false;
    const answer = post('{}').then((result) => {
      answered = true;
      return result;
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(answered).toBe(false);
    acknowledge();
    expect(await answer).toMatchObject({ status: 202, body: { event_id: event.event_id, status: 'accepted' } });
  });

  test('a client that aborts in the middle does no harm', async () => {
    await new Promise<void>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(
          `POST /produce HTTP/1.1\r\nhost: x\r\nx-api-key: ${KEY}\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{`,
        );
        setTimeout(() => socket.destroy(), 20);
      });
      socket.on('close', () => resolve());
    });
    expect((await post('{}')).status).toBe(202);
    expect(published).toBe(1);
  });

  test('headers beyond the limit are refused', async () => {
    expect((await post('{}', { 'x-filler': 'x'.repeat(20_000) })).status).toBe(431);
    expect((await post('{}')).status).toBe(202);
  });
});

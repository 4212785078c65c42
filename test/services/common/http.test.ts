import { connect } from 'node:net';
import { pino } from 'pino';
import { HttpServer, type HttpLimits, type Route } from '../../../services/common/http';

const servers: HttpServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close(0))));

const ok: Route = { method: 'GET', path: '/ok', handle: () => ({ status: 200, body: { ok: true } }) };

async function serve(routes: readonly Route[], limits: Partial<HttpLimits> = {}) {
  const log: Record<string, unknown>[] = [];
  const answered: [string, number][] = [];
  const server = new HttpServer({
    port: 0,
    routes,
    limits,
    logger: pino({ level: 'debug' }, { write: (line) => void log.push(JSON.parse(line) as Record<string, unknown>) }),
    onAnswer: (route, status) => void answered.push([route, status]),
  });
  servers.push(server);
  const port = await server.listen();
  return { server, port, log, answered, get: (path: string) => fetch(`http://127.0.0.1:${port}${path}`) };
}

test('a path or method that there is not says what there is', async () => {
  const { port, get, answered } = await serve([ok, { ...ok, method: 'PUT' }]);
  expect(await (await get('/ok/')).json()).toMatchObject({
    type: 'urn:metals:problem:not-found',
    detail: 'this service answers GET /ok, PUT /ok',
  });
  const answer = await fetch(`http://127.0.0.1:${port}/ok`, { method: 'POST' });
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, PUT']);
  expect(answered).toEqual([
    ['none', 404],
    ['none', 405],
  ]);
});

test('a bad health is an answer: only a failure is logged above debug level', async () => {
  const { get, log } = await serve([{ ...ok, handle: () => ({ status: 503, body: { status: 'starting' } }) }]);
  await get('/ok');
  await get('/nowhere');
  expect(log.map(({ level, status }) => [level, status])).toEqual([
    [20, 503],
    [40, 404],
  ]);
});

test('an unforeseen error is logged, with its reason and the request id of the answer', async () => {
  const fail = (): never => {
    throw new TypeError('it broke');
  };
  const { get, log } = await serve([{ ...ok, handle: fail }]);
  const body = (await (await get('/ok')).json()) as Record<string, unknown>;
  expect(body).toMatchObject({ status: 500, detail: 'the reason is in the log of the service' });
  expect(log).toMatchObject([{ level: 50, route: 'GET /ok', request_id: body.request_id, detail: 'it broke' }]);
});

test('an answer that cannot be sent ends its connection, and nothing else', async () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const { get, log } = await serve([ok, { ...ok, path: '/bad', handle: () => ({ status: 200, body: circular }) }]);
  await expect(get('/bad')).rejects.toThrow();
  expect(log.filter(({ level }) => level === 50)).toMatchObject([{ msg: 'an answer could not be sent' }]);
  expect((await get('/ok')).status).toBe(200);
});

test('a port that is taken is an error', async () => {
  const { port } = await serve([ok]);
  const second = new HttpServer({ port, routes: [ok], logger: pino({ level: 'silent' }) });
  await expect(second.listen()).rejects.toThrow('EADDRINUSE');
});

test('a connection beyond the limit is closed and logged', async () => {
  const { port, log } = await serve([ok], { maxConnections: 1 });
  const first = connect(port, '127.0.0.1');
  await new Promise((resolve) => first.on('connect', resolve));
  const second = connect(port, '127.0.0.1');
  await new Promise((resolve) => second.on('close', resolve));
  expect(log).toMatchObject([{ level: 40, msg: 'connection refused: too many', max: 1 }]);
  first.destroy();
});

test('close cuts what does not end by itself', async () => {
  const { server, port } = await serve([{ ...ok, handle: () => new Promise(() => undefined) }]);
  const socket = connect(port, '127.0.0.1', () => socket.write('GET /ok HTTP/1.1\r\nhost: x\r\n\r\n'));
  socket.on('error', () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  const startedAt = performance.now();
  await server.close(100);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(90);
});

import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { ask, holdBack, rawRequest, startRig, until } from './support';

// Real sockets and real time limits, also on a busy machine.
jest.setTimeout(60_000);

describe('draining', () => {
  test('answers what is under way, ends kept connections, and takes no new one', async () => {
    const own = await startRig();
    let release = (): void => undefined;
    own.broker.before = () => new Promise((resolve) => (release = resolve));
    const idle = new Agent({ keepAlive: true });
    await new Promise((resolve) =>
      get({ port: own.port, path: '/health', agent: idle }, (r) => r.resume().on('end', resolve)),
    );
    const waiting = ask(own.port);
    await until(() => own.publisher.inFlightMs > 0);
    const drained = own.app.drain(10_000);
    await expect(ask(own.port)).rejects.toThrow();
    release();
    expect(await waiting).toMatchObject({ status: 202, headers: { connection: 'close' } });
    await drained;
    await own.publisher.stop();
    idle.destroy();
  });

  test('while the edge lets go of it, it takes events, and each answer ends its connection', async () => {
    const own = await startRig();
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    const health = () =>
      new Promise<string | undefined>((resolve, reject) =>
        get({ port: own.port, path: '/health', agent: kept }, (response) => {
          response.resume().on('end', () => resolve(response.headers.connection));
        }).on('error', reject),
      );
    expect(await health()).toBe('keep-alive');
    const drained = own.app.drain(10_000, 1_000);
    expect(await health()).toBe('close');
    expect(await ask(own.port)).toMatchObject({ status: 202, headers: { connection: 'close' } });
    await drained;
    await expect(ask(own.port)).rejects.toThrow();
    await own.publisher.stop();
    kept.destroy();
  });

  test('a request whose headers end only now hears 503, and that the connection ends', async () => {
    const own = await startRig();
    const finish = await holdBack(own.port);
    const drained = own.app.drain(10_000);
    expect(await finish()).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5', connection: 'close' },
      body: { type: 'urn:metals:problem:stopping', status: 503 },
    });
    await drained;
    expect(own.broker.sent).toEqual([]);
    await own.publisher.stop();
  });

  test('a request behind another on its connection is not taken: the answer before it ends the connection', async () => {
    const own = await startRig();
    let release = (): void => undefined;
    own.broker.before = () => new Promise((resolve) => (release = resolve));
    let received = '';
    const socket = connect(own.port, '127.0.0.1', () => socket.write(rawRequest({})));
    socket.on('data', (chunk) => (received += String(chunk)));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await until(() => own.publisher.inFlightMs > 0);
    const drained = own.app.drain(10_000);
    socket.write(rawRequest({}));
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    await Promise.all([drained, closed]);
    expect(received).toMatch(/^HTTP\/1\.1 202 [^]*connection: close/i);
    expect(received.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(own.broker.sent).toHaveLength(1);
    await own.publisher.stop();
  });

  test('with a full queue and Kafka stuck, every request is answered within the time for draining', async () => {
    const events = 200;
    const own = await startRig({ config: { queue: { max_events: events } } });
    own.broker.before = () => new Promise(() => undefined);
    const waiting = Array.from({ length: events }, () => ask(own.port));
    await until(() => own.publisher.queued >= events - 1 && own.publisher.inFlightMs > 0);
    const startedAt = performance.now();
    const drained = own.app.drain(5_000);
    const answers = await Promise.all(waiting);
    await drained;
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([504]));
    expect(answers.every(({ body }) => typeof body.event_id === 'string')).toBe(true);
  });

  test('a client that never finishes does not hold it up', async () => {
    const own = await startRig();
    const socket = connect(own.port, '127.0.0.1', () => socket.write(rawRequest({}).subarray(0, -1)));
    socket.on('error', () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedAt = performance.now();
    await own.app.drain(2_000);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await own.publisher.stop();
  });
});

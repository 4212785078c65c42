import net from 'node:net';
import { PortListeners } from '../../../../../lib/lab/gateway/front-door/port-listeners';
import { passThrough } from '../../../../../lib/lab/gateway/front-door/pass-through';
import { noLog } from '../support/fixtures';

const servers: net.Server[] = [];
const sockets: net.Socket[] = [];
let listeners: PortListeners | undefined;

afterEach(() => {
  listeners?.stop();
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

function listen(handle: (socket: net.Socket) => void): Promise<number> {
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket.on('error', () => undefined));
    handle(socket);
  });
  servers.push(server);
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)),
  );
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const port = await listen(() => undefined);
  await new Promise((resolve) => servers.pop()!.close(resolve));
  return port;
}

/** A client of a port that leads to another; with what it has received, and how it ended. */
async function clientOf(target: { address: string; port: number }) {
  const port = await freePort();
  const lead = (_port: number, client: net.Socket) => passThrough(client, target);
  listeners = new PortListeners({ ports: [port], address: '127.0.0.1', lead, log: noLog });
  await listeners.start();
  const client = net.connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  sockets.push(client);
  let received = '';
  client.setEncoding('utf8').on('data', (text: string) => (received += text));
  const ended = new Promise<string>((resolve) => {
    client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
    client.once('end', () => resolve('end'));
  });
  return { client, ended, received: () => received };
}

const silence = (milliseconds: number): Promise<string> =>
  new Promise((resolve) => setTimeout(() => resolve('silence'), milliseconds));

test('bytes pass in both directions, and one direction may end before the other', async () => {
  const port = await listen((socket) => {
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.on('end', () => socket.end(`got ${got}`));
  });
  const { client, ended, received } = await clientOf({ address: '127.0.0.1', port });
  client.end('a request');
  expect(await ended).toBe('end');
  expect(received()).toBe('got a request');
});

test('a place that resets the connection resets it for the client', async () => {
  const port = await listen((socket) => socket.once('data', () => socket.resetAndDestroy()));
  const { client, ended } = await clientOf({ address: '127.0.0.1', port });
  client.write('a request');
  expect(await ended).toBe('ECONNRESET');
});

test('a place where nobody listens refuses the client, and no other is tried', async () => {
  const { ended } = await clientOf({ address: '127.0.0.1', port: await freePort() });
  expect(await ended).toMatch(/ECONNRESET|end/);
});

test('a place that does not answer is silence for the client as well', async () => {
  // No packet can get there, as to a machine that is gone.
  const { client, ended } = await clientOf({ address: 'nowhere.invalid', port: 9 });
  client.write('a request');
  expect(await Promise.race([ended, silence(500)])).toBe('silence');
});

test('a client that goes away resets what it was joined with', async () => {
  let gone: (reason: string) => void;
  const reason = new Promise<string>((resolve) => (gone = resolve));
  const port = await listen((socket) => {
    socket.on('error', (error: NodeJS.ErrnoException) => gone(error.code!));
    socket.once('data', () => socket.write('half an answer'));
  });
  const { client } = await clientOf({ address: '127.0.0.1', port });
  client.write('a request');
  await new Promise((resolve) => client.once('data', resolve));
  client.resetAndDestroy();
  expect(await reason).toBe('ECONNRESET');
});

test('a port that is taken is named', async () => {
  const port = await listen(() => undefined);
  const taken = new PortListeners({ ports: [port], address: '127.0.0.1', lead: () => undefined, log: noLog });
  await expect(taken.start()).rejects.toThrow(`cannot listen on 127.0.0.1:${port}: `);
});

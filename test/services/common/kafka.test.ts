import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { pino } from 'pino';
import { createKafka, socketFactory } from '../../../services/common/kafka';

/** Servers that take connections and say nothing; which of them took one, in order. */
async function listening(count: number) {
  const taken: number[] = [];
  const servers = Array.from({ length: count }, (_, index) =>
    createServer((socket) => {
      taken.push(index);
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1'),
  );
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  return { taken, ports, close: () => servers.forEach((server) => server.close()) };
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
};

test('one client after the other begins with another broker: the first one may be the silent one', async () => {
  const { taken, ports, close } = await listening(2);
  const brokers = ports.map((port) => `127.0.0.1:${port}`);
  const connection = { brokers, username: 'u', connection_timeout_ms: 200, request_timeout_ms: 1_000 };
  const kafka = createKafka({ clientId: 'c', connection, password: 'p', logger: pino({ level: 'silent' }) });
  for (const expected of [[0], [0, 1]]) {
    const admin = kafka.admin();
    const connecting = admin.connect().catch(() => undefined);
    await until(() => taken.length === expected.length);
    expect(taken).toEqual(expected);
    void connecting;
    await admin.disconnect();
  }
  close();
});

test('a connection that is given up before it is there breaks none that comes after it', async () => {
  const { ports, close } = await listening(1);
  const given = { host: '127.0.0.1', port: ports[0]!, ssl: undefined as never, onConnect: () => undefined };
  const socket = socketFactory(given);
  socket.end();
  expect(socket.destroyed).toBe(true);
  const connected = socketFactory(given);
  await once(connected, 'connect');
  connected.end();
  expect(connected.destroyed).toBe(false);
  close();
});

/** Sessions from their start to their end, with a plugin over a real WebSocket and a node that a test plays. */
import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { sessionEndpoint } from '../../../../../lib/lab/gateway/session-manager/endpoint';
import {
  acknowledgementOf,
  json,
  MESSAGE,
  newMessage,
  parseMessage,
  PAYLOAD,
  serialise,
} from '../../../../../lib/lab/gateway/session-manager/client-message';
import type { NodeSideDependencies } from '../../../../../lib/lab/gateway/session-manager/node-side';
import { NodeSessions, type Access } from '../../../../../lib/lab/gateway/session-manager/node-sessions';
import { managedNode, noLog } from '../support/fixtures';

const NODES = [managedNode({}), managedNode({ id: 'i-0b', online: false })];
const TARGET = NODES[0]!.id;

let node: NodeSideDependencies | undefined;
let heard: string[];
let isClosed: boolean;
let sessions: NodeSessions;
let server: http.Server;
let host: string;
let plugins: Plugin[];

beforeEach(async () => {
  [node, heard, isClosed, plugins] = [undefined, [], false, []];
  sessions = new NodeSessions(
    { list: () => NODES },
    (dependencies) => {
      node = dependencies;
      dependencies.channel.output(Buffer.from('$ '));
      return {
        receive: (payloadType, payload) => void heard.push(`${payloadType} ${payload}`),
        drain: () => undefined,
        close: () => void (isClosed = true),
      };
    },
    noLog,
  );
  server = http.createServer().on('upgrade', sessionEndpoint(sessions, noLog));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  sessions.stop();
  for (const { socket } of plugins) socket.terminate();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

interface Plugin {
  readonly socket: WebSocket;
  /** Payloads of output and the end, as text. */
  readonly shown: string[];
  send(payloadType: number, payload: Buffer): void;
}

/** Acknowledges and answers the handshake as the plugin does. */
async function plugin({ StreamUrl, TokenValue }: Access, errors?: string[] | 'broken'): Promise<Plugin> {
  const socket = new WebSocket(StreamUrl);
  let next = 0;
  const shown: string[] = [];
  const send = (payloadType: number, payload: Buffer): void =>
    socket.send(serialise(newMessage(MESSAGE.input, next++, payloadType, payload)));
  socket.on('message', (bytes: Buffer) => {
    const message = parseMessage(bytes);
    if (message.type === MESSAGE.closed) shown.push(`closed ${JSON.parse(message.payload.toString()).Output}`);
    if (message.type !== MESSAGE.output) return;
    socket.send(serialise(acknowledgementOf(message)));
    if (message.payloadType === PAYLOAD.handshakeRequest) {
      shown.push(JSON.parse(message.payload.toString()).RequestedClientActions[0].ActionParameters.SessionType);
      const answer = json({ ClientVersion: '1.3.0.0', Errors: errors ?? null });
      send(PAYLOAD.handshakeResponse, errors === 'broken' ? Buffer.from('{') : answer);
    }
    if (message.payloadType === PAYLOAD.output) shown.push(message.payload.toString());
  });
  await once(socket, 'open');
  socket.send(JSON.stringify({ MessageSchemaVersion: '1.0', TokenValue }));
  const made = { socket, shown, send };
  plugins.push(made);
  return made;
}

const until = async (what: () => boolean): Promise<void> => {
  for (let tries = 0; !what(); tries += 1) {
    if (tries > 200) throw new Error('it did not come');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('a shell: handshake, what is shown and typed, and its end after its last words', async () => {
  const access = sessions.start({ Target: TARGET }, host);
  expect(access.StreamUrl).toBe(`ws://${host}/v1/data-channel/${access.SessionId}?role=publish_subscribe`);
  const { shown, send } = await plugin(access);
  await until(() => shown.includes('$ '));
  expect(shown[0]).toBe('Standard_Stream');
  send(PAYLOAD.output, Buffer.from('exit\r'));
  await until(() => heard.includes('1 exit\r'));
  node!.channel.output(Buffer.from('bye'));
  node!.onEnd();
  await until(() => shown.includes('closed '));
  expect(shown.slice(-2)).toEqual(['bye', 'closed ']);
  expect(isClosed).toBe(true);
  expect(sessions.describe('Active')).toEqual([]);
  expect(sessions.describe('History')).toMatchObject([
    { SessionId: access.SessionId, Target: TARGET, Status: 'Terminated', DocumentName: 'SSM-SessionManagerRunShell' },
  ]);
});

test('a plugin whose connection broke goes on with the token of ResumeSession, and not with the old one', async () => {
  const access = sessions.start({ Target: TARGET }, host);
  const first = await plugin(access);
  await until(() => first.shown.includes('$ '));
  first.socket.terminate();
  await new Promise((resolve) => setTimeout(resolve, 50));
  node!.channel.output(Buffer.from('meanwhile'));
  const again = sessions.resume(access.SessionId, host);
  const stranger = await plugin(access);
  await once(stranger.socket, 'close');
  const second = await plugin(again);
  await until(() => second.shown.includes('meanwhile'));
  expect(sessions.describe('Active')).toHaveLength(1);
});

test('TerminateSession ends it on both sides', async () => {
  const access = sessions.start({ Target: TARGET }, host);
  const { shown } = await plugin(access);
  await until(() => node !== undefined);
  sessions.terminate(access.SessionId);
  await until(() => shown.includes('closed '));
  expect(isClosed).toBe(true);
  expect(() => sessions.resume(access.SessionId, host)).toThrow('has ended');
});

test('a plugin that refuses the handshake is told so, and nothing begins on the node', async () => {
  const { shown } = await plugin(sessions.start({ Target: TARGET }, host), ['Unknown session type']);
  await until(() => shown.some((text) => text.startsWith('closed')));
  expect(shown.at(-1)).toBe('closed the plugin refused: Unknown session type');
  expect(node).toBeUndefined();
});

test('an answer to the handshake that is none ends the session', async () => {
  const { shown } = await plugin(sessions.start({ Target: TARGET }, host), 'broken');
  await until(() => shown.some((text) => text.startsWith('closed')));
  expect(shown.at(-1)).toContain('closed the session could not begin on the node');
  expect(node).toBeUndefined();
});

test('a second answer to the handshake begins nothing', async () => {
  const access = sessions.start({ Target: TARGET }, host);
  const other = await plugin(access);
  await until(() => other.shown.includes('$ '));
  const first = node;
  other.send(PAYLOAD.handshakeResponse, json({ Errors: null }));
  other.send(PAYLOAD.handshakeResponse, Buffer.from('{'));
  other.send(PAYLOAD.output, Buffer.from('still'));
  await until(() => heard.includes('1 still'));
  expect(node).toBe(first);
});

test('a token that is no token, a session that there is not, and a web page are refused', async () => {
  const access = sessions.start({ Target: TARGET }, host);
  for (const TokenValue of ['', 'guess']) {
    const { socket } = await plugin({ ...access, TokenValue });
    await once(socket, 'close');
  }
  const page = new WebSocket(access.StreamUrl, { origin: 'https://example.org' });
  const [error] = (await once(page, 'error')) as [Error];
  expect(error.message).toContain('404');
  const other = http.get(`http://${host}/`, { headers: { connection: 'Upgrade', upgrade: 'h2c' } });
  const [answer] = (await once(other, 'response')) as [http.IncomingMessage];
  expect(answer.statusCode).toBe(400);
  answer.resume();
  const elsewhere = new WebSocket(`ws://${host}/somewhere`);
  expect(((await once(elsewhere, 'error')) as [Error])[0].message).toContain('404');
  expect(node).toBeUndefined();
});

test.each([
  ['i-0b', 'i-0b is not connected.'],
  ['i-0c', 'i-0c is not connected.'],
])('there is none with %s', (Target, why) => {
  expect(() => sessions.start({ Target }, host)).toThrow(
    expect.objectContaining({ code: 'TargetNotConnected', message: why }),
  );
});

test('what a plugin never comes for ends after a minute', () => {
  jest.useFakeTimers();
  try {
    sessions.start({ Target: TARGET }, host);
    jest.advanceTimersByTime(59_000);
    expect(sessions.describe('Active')).toHaveLength(1);
    jest.advanceTimersByTime(2_000);
    expect(sessions.describe('Active')).toEqual([]);
  } finally {
    jest.useRealTimers();
  }
});

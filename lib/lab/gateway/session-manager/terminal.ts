/** A terminal in a node's container, by Docker's own API: its command line has no way to change the size of one. */
import http from 'node:http';
import type { Duplex } from 'node:stream';

const DOCKER_SOCKET = '/var/run/docker.sock';

export interface TerminalRequest {
  readonly container: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface Terminal {
  /** What is typed goes in, what is shown comes out. */
  readonly stream: Duplex;
  resize(columns: number, rows: number): Promise<void>;
}

export async function openTerminal(request: TerminalRequest): Promise<Terminal> {
  const { Id: id } = (await call('POST', `/containers/${request.container}/exec`, {
    ...{ AttachStdin: true, AttachStdout: true, AttachStderr: true, Tty: true },
    Cmd: request.command,
    Env: Object.entries(request.environment).map(([name, value]) => `${name}=${value}`),
  })) as { Id: string };
  const stream = await hijack(`/exec/${id}/start`, { Tty: true });
  return {
    stream,
    resize: async (columns, rows) => {
      await call('POST', `/exec/${id}/resize?w=${columns}&h=${rows}`);
    },
  };
}

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const { response } = await send(method, path, body);
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  if ((response.statusCode ?? 500) >= 300) throw new Error(`docker: ${method} ${path}: ${response.statusCode} ${text}`);
  return text.startsWith('{') ? JSON.parse(text) : undefined;
}

/** The connection itself, once Docker has begun. */
async function hijack(path: string, body: object): Promise<Duplex> {
  const { response, socket, head } = await send('POST', path, body, { Connection: 'Upgrade', Upgrade: 'tcp' });
  if (!socket) throw new Error(`docker: POST ${path}: ${response.statusCode}, and no terminal`);
  if (head?.length) socket.unshift(head);
  return socket;
}

interface Answer {
  readonly response: http.IncomingMessage;
  readonly socket?: Duplex;
  readonly head?: Buffer;
}

function send(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> {
  const text = body ? JSON.stringify(body) : '';
  return new Promise((resolve, reject) => {
    const request = http.request({
      ...{ socketPath: DOCKER_SOCKET, method, path, agent: false },
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), ...headers },
    });
    request.on('response', (response) => resolve({ response }));
    request.on('upgrade', (response, socket, head) => resolve({ response, socket, head }));
    request.on('error', reject);
    request.end(text);
  });
}

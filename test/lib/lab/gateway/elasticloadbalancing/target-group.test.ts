/** A group over real servers on loopback, looked at four times a second. */
import http from 'node:http';
import net from 'node:net';
import type { TargetGroupRecord } from '../../../../../lib/lab/gateway/elasticloadbalancing/records';
import { checkHealth, TargetGroup } from '../../../../../lib/lab/gateway/elasticloadbalancing/target-group';
import { PASS_THROUGH_SERVER } from '../../../../../lib/lab/gateway/front-door/pass-through';

jest.setTimeout(20_000);

const CHECK = {
  ...{ path: '/health', codes: [200], intervalSeconds: 0.25, timeoutSeconds: 0.2 },
  ...{ healthyThreshold: 2, unhealthyThreshold: 2 },
};

interface Node {
  readonly port: number;
  status: number;
  readonly close: () => void;
}

let nodes: Node[];
let front: net.Server;
let url: string;
let record: TargetGroupRecord;
let group: TargetGroup;
let logged: string[];

/** `/slow` never ends its answer; anything else tells the port. */
async function startNode(): Promise<Node> {
  const server = http.createServer((request, response) => {
    if (request.url === '/health') return void response.writeHead(node.status).end();
    response.writeHead(200);
    if (request.url === '/slow') return void response.write('begun');
    response.end(String(node.port));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  const node: Node = { port: (server.address() as net.AddressInfo).port, status: 200, close };
  return node;
}

beforeEach(async () => {
  nodes = [await startNode(), await startNode()];
  logged = [];
  record = {
    ...{ arn: 'arn', name: 'Nodes', healthCheck: CHECK, terminatesAfterSeconds: undefined },
    targets: nodes.map(({ port }) => ({ address: '127.0.0.1', port })),
  };
  const log = (_subject: string, text: string): void => void logged.push(text);
  group = new TargetGroup(record, { timing: { draw: () => 10 }, log });
  front = net.createServer(PASS_THROUGH_SERVER, (client) => group.take(client));
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(front.address() as net.AddressInfo).port}`;
  group.sync();
});
afterEach(() => {
  group.stop();
  front.close();
  for (const node of nodes) node.close();
});

/** One request over a connection of its own; its body, or the code of its error. */
const ask = (path = '/'): Promise<string> =>
  new Promise((resolve) => {
    const request = http.get(`${url}${path}`, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve(body));
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
    });
    request.on('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
  });

/** Who answers 20 requests. */
async function answers(): Promise<string[]> {
  const all: string[] = [];
  for (let i = 0; i < 20; i += 1) all.push(await ask());
  return [...new Set(all)].sort();
}

async function until(what: () => unknown, expected: unknown): Promise<void> {
  const deadline = Date.now() + 8000;
  while (JSON.stringify(what()) !== JSON.stringify(expected)) {
    if (Date.now() > deadline) throw new Error(`${JSON.stringify(what())}, expected ${JSON.stringify(expected)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const states = (): string[] => Object.values(group.states());
/** The states have also reached those who lead connections. */
const settled = async (...expected: string[]): Promise<void> => {
  await until(states, expected);
  await new Promise((resolve) => setTimeout(resolve, 30));
};
const ports = (...which: Node[]): string[] => which.map(({ port }) => String(port)).sort();

test('connections go to all targets while none is known, then to the healthy ones', async () => {
  expect(await answers()).toEqual(ports(...nodes));
  nodes[0]!.status = 503;
  await settled('unhealthy', 'healthy');
  expect(await answers()).toEqual(ports(nodes[1]!));
});

test('a target that fails gets nothing new, until it passes again', async () => {
  await settled('healthy', 'healthy');
  nodes[1]!.status = 503;
  await settled('healthy', 'unhealthy');
  expect(await answers()).toEqual(ports(nodes[0]!));
  expect(logged).toContain(`Nodes: 127.0.0.1:${nodes[1]!.port} is unhealthy.draining: status 503`);
  nodes[1]!.status = 200;
  await settled('healthy', 'healthy');
  expect(await answers()).toEqual(ports(...nodes));
});

test('while all fail, all get connections', async () => {
  await settled('healthy', 'healthy');
  for (const node of nodes) node.status = 503;
  await settled('unhealthy', 'unhealthy');
  expect(await answers()).toEqual(ports(...nodes));
});

test('a target that refuses fails those connections: no other is tried', async () => {
  await settled('healthy', 'healthy');
  nodes[1]!.close();
  const all = await answers();
  expect(all).toContain(String(nodes[0]!.port));
  expect(all.length).toBeGreaterThan(1);
});

describe('established connections to a target that fails', () => {
  const slowOnes = async (): Promise<Promise<string>[]> => {
    await settled('healthy', 'healthy');
    const asked = Array.from({ length: 12 }, () => ask('/slow'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    nodes[1]!.status = 503;
    return asked;
  };
  const broken = async (asked: readonly Promise<string>[]): Promise<number> => {
    const now = new Promise<string>((resolve) => setTimeout(() => resolve('open'), 20));
    const results = await Promise.all(asked.map((each) => Promise.race([each, now])));
    return results.filter((each) => each === 'ECONNRESET').length;
  };

  test('go on where the group does not terminate them', async () => {
    const asked = await slowOnes();
    await settled('healthy', 'unhealthy');
    expect(await broken(asked)).toBe(0);
  });

  test('are terminated after the draining interval, and those to others go on', async () => {
    record.terminatesAfterSeconds = 0.8;
    const asked = await slowOnes();
    await settled('healthy', 'unhealthy.draining');
    expect(await broken(asked)).toBe(0);
    await settled('healthy', 'unhealthy');
    const count = await broken(asked);
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(asked.length);
  });

  test('go on when it is healthy again before that', async () => {
    record.terminatesAfterSeconds = 2;
    const asked = await slowOnes();
    await settled('healthy', 'unhealthy.draining');
    nodes[1]!.status = 200;
    await settled('healthy', 'healthy');
    await new Promise((resolve) => setTimeout(resolve, 2200));
    expect(await broken(asked)).toBe(0);
  });
});

test('a target that leaves the group gets nothing new, and one that comes is looked at first', async () => {
  await settled('healthy', 'healthy');
  record.targets = record.targets.slice(0, 1);
  group.sync();
  expect(states()).toEqual(['healthy']);
  expect(await answers()).toEqual(ports(nodes[0]!));
  nodes[1]!.status = 503;
  record.targets = nodes.map(({ port }) => ({ address: '127.0.0.1', port }));
  group.sync();
  expect(states()).toEqual(['healthy', 'initial']);
  expect(await answers()).toEqual(ports(nodes[0]!));
  nodes[1]!.status = 200;
  await settled('healthy', 'healthy');
  expect(await answers()).toEqual(ports(...nodes));
});

test('a group without targets refuses', async () => {
  record.targets = [];
  group.sync();
  expect(await ask()).toMatch(/ECONNRESET|socket hang up/);
});

test('a check says why a target fails', async () => {
  const hanging = net.createServer(() => undefined);
  await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
  const { port } = hanging.address() as net.AddressInfo;
  expect(await checkHealth({ address: '127.0.0.1', port }, CHECK)).toBe('no answer in 0.2 s');
  hanging.close();
  expect(await checkHealth({ address: '127.0.0.1', port: 1 }, CHECK)).toMatch(/ECONNREFUSED/);
  const target = { address: '127.0.0.1', port: nodes[0]!.port };
  expect(await checkHealth(target, { ...CHECK, codes: [204] })).toBe('status 200');
  expect(await checkHealth(target, CHECK)).toBeUndefined();
});

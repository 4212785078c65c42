/** Two real edges behind the lab's load balancer, one of which leaves, with clients that send each request once. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TargetGroup } from '../../../lib/lab/gateway/elasticloadbalancing/target-group';
import { PASS_THROUGH_SERVER } from '../../../lib/lab/gateway/front-door/pass-through';

jest.setTimeout(60_000);

const ROOT = path.resolve(__dirname, '../../..');
const HAPROXY = spawnSync('haproxy', ['-v']).status === 0;
/** Long enough that some requests are under way whenever connections are cut. */
const ANSWER_MILLISECONDS = 200;
const DRAIN_SECONDS = 3;
const HEALTH_CHECK = {
  ...{ path: '/health', codes: [200], intervalSeconds: 0.5, timeoutSeconds: 0.4 },
  ...{ healthyThreshold: 2, unhealthyThreshold: 2 },
};

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

let folder: string;
let replica: http.Server;
let edges: { readonly port: number; readonly process: ChildProcess }[];

const listen = (server: net.Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port)));

/** The edge's own configuration, on ports from `port` on. */
function startEdge(port: number, replicaPort: number) {
  const config = readFileSync(path.join(ROOT, 'assets/stack/config/haproxy.cfg'), 'utf8')
    .replace('bind :8000', `bind 127.0.0.1:${port}`)
    .replace('bind :8001', `bind 127.0.0.1:${port + 1}`)
    .replaceAll('127.0.0.1:8002', `127.0.0.1:${port + 2}`)
    .replace('127.0.0.1:8003', `127.0.0.1:${port + 3}`)
    .replace(/server-template producer- .*/, `server producer-1 127.0.0.1:${replicaPort}`)
    .replace(/server-template processor- .*/, '')
    .replace(' resolvers docker init-addr none resolve-prefer ipv4', '');
  const file = path.join(folder, `${port}.cfg`);
  writeFileSync(file, config);
  const env = {
    ...process.env,
    METALS_EDGE_CONFIG: file,
    METALS_EDGE_COMMAND_PORT: String(port + 3),
    METALS_EDGE_DRAIN_SECONDS: String(DRAIN_SECONDS),
    METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS: '100000',
  };
  return { port, process: spawn('bash', [path.join(ROOT, 'services/edge/entrypoint.sh')], { env, stdio: 'ignore' }) };
}

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'edges-'));
  replica = http.createServer((request, response) => {
    setTimeout(() => response.end(), request.method === 'POST' ? ANSWER_MILLISECONDS : 0);
  });
  replica.keepAliveTimeout = 75_000;
  const replicaPort = await listen(replica);
  const base = 20_000 + Math.floor(Math.random() * 10_000);
  edges = HAPROXY ? [base, base + 10].map((port) => startEdge(port, replicaPort)) : [];
});
afterEach(async () => {
  for (const { process: edge } of edges) {
    if (edge.exitCode !== null) continue;
    const ended = new Promise((resolve) => edge.once('exit', resolve));
    edge.kill('SIGTERM');
    await ended;
  }
  replica.closeAllConnections();
  replica.close();
  rmSync(folder, { recursive: true });
});

const post = (port: number): Promise<string> =>
  new Promise((resolve) => {
    const sent = http.request({ host: '127.0.0.1', port, method: 'POST', path: '/produce', agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(String(answer.statusCode)));
      answer.on('error', (error: NodeJS.ErrnoException) => resolve(error.code!));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    sent.end('{}');
  });

/** What clients see while one of the two edges leaves: how many requests, and those that were not answered 200. */
async function leaving(terminatesAfterSeconds: number): Promise<{ sent: number; failed: string[] }> {
  const targets = edges.map(({ port }) => ({ address: '127.0.0.1', port }));
  const record = { arn: 'arn', name: 'edges', targets, healthCheck: HEALTH_CHECK, terminatesAfterSeconds };
  const group = new TargetGroup(record, { timing: { draw: () => 300 }, log: () => undefined });
  group.sync();
  const front = net.createServer(PASS_THROUGH_SERVER, (client) => group.take(client));
  const port = await listen(front);
  const deadline = Date.now() + 20_000;
  while (Object.values(group.states()).join() !== 'healthy,healthy') {
    if (Date.now() > deadline) throw new Error(`the edges are not healthy: ${JSON.stringify(group.states())}`);
    await sleep(100);
  }
  await sleep(500);
  const answers: Promise<string>[] = [];
  const timer = setInterval(() => answers.push(post(port)), 10);
  const edge = edges[0]!.process;
  const ended = new Promise((resolve) => edge.once('exit', resolve));
  edge.kill('SIGUSR1');
  await ended;
  await sleep(1000);
  clearInterval(timer);
  const failed = (await Promise.all(answers)).filter((answer) => answer !== '200');
  group.stop();
  front.close();
  return { sent: answers.length, failed };
}

const withHaproxy = HAPROXY ? test : test.skip;

withHaproxy('an edge that leaves fails no request, where the load balancer lets connections to it end', async () => {
  const { sent, failed } = await leaving(DRAIN_SECONDS + 2);
  expect(sent).toBeGreaterThan(100);
  expect(failed).toEqual([]);
});

// Why lib/constructs/load-balancer.ts turns it off.
withHaproxy('with what AWS does unless it is told otherwise, some are cut off', async () => {
  const { failed } = await leaving(0);
  expect(new Set(failed)).toEqual(new Set(['ECONNRESET']));
});

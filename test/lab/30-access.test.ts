import { request as httpRequest } from 'node:http';
import { LAB_REGION, TOPIC } from '../../lib/contract';
import { scram, topics } from './support/kafka';
import { inNode, inTask, manager, nodeContainers, onlyTask, tasks, tryInNode } from './support/nodes';
import { connectMongo } from './support/pipeline';
import { metals, tryRun } from './support/run';
import { openTunnel, type Tunnel } from './support/tunnel';
import { login } from './support/users';
import { addressOf, arrives, connects, datagramFrom, stranger, type Stranger } from './support/wire';

jest.setTimeout(120_000);

describe('MongoDB', () => {
  const find = async (login?: { username: string; password: string }): Promise<unknown> => {
    const prices = await connectMongo(login);
    try {
      return await prices.collection.findOne({});
    } finally {
      await prices.close();
    }
  };

  test('anonymous is refused', async () => {
    await expect(find()).rejects.toThrow(/auth/i);
  });

  test('a wrong password is refused', async () => {
    const { username } = await login('mongodb-password', 'processor');
    await expect(find({ username, password: 'wrong' })).rejects.toThrow(/auth/i);
  });

  test('the right one is let in, so the refusals mean something', async () => {
    await expect(find(await login('mongodb-password', 'processor'))).resolves.toBeDefined();
  });
});

describe('Kafka', () => {
  let tunnel: Tunnel;
  beforeAll(async () => (tunnel = await openTunnel(await onlyTask('kafka'), 9092)));
  afterAll(() => tunnel.close());

  test('anonymous is refused', async () => {
    await expect(topics(tunnel)).rejects.toThrow();
  });

  test('a wrong password is refused', async () => {
    const { username } = await login('kafka-password', 'producer');
    await expect(topics(tunnel, scram(username, 'wrong'))).rejects.toThrow(/SASL|authentication/i);
  });

  test('the right one is let in, and sees what its ACLs allow', async () => {
    const { username, password } = await login('kafka-password', 'producer');
    const seen = await topics(tunnel, scram(username, password));
    expect(seen).toContain(TOPIC.prices);
    expect(seen).not.toContain(TOPIC.deadLetters);
  });
});

/** Whether a task resolves and reaches a name: what the overlays separate cannot even be looked up. */
async function reaches(service: string, host: string, port: number): Promise<string> {
  const [task] = await tasks(service);
  const script = `const s=require('net').connect({host:'${host}',port:${port},timeout:3000});
    s.on('connect',()=>{console.log('open');s.destroy()});s.on('timeout',()=>{console.log('timeout');s.destroy()});
    s.on('error',e=>console.log(e.code))`;
  return (await inTask(task!, ['node', '-e', script])).stdout.trim();
}

describe('reachability', () => {
  test('the producer reaches Kafka and cannot find MongoDB', async () => {
    expect(await reaches('producer', 'kafka', 9092)).toBe('open');
    expect(await reaches('producer', 'mongodb', 27017)).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });

  test('the processor reaches both', async () => {
    expect(await reaches('processor', 'kafka', 9092)).toBe('open');
    expect(await reaches('processor', 'mongodb', 27017)).toBe('open');
  });

  test('instance metadata answers the node and no task', async () => {
    const [node] = await nodeContainers();
    const token = [
      'curl',
      '-s',
      '-m',
      '3',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '-X',
      'PUT',
      '-H',
      'X-aws-ec2-metadata-token-ttl-seconds: 60',
      'http://169.254.169.254/latest/api/token',
    ];
    expect((await tryInNode(node!, token)).stdout).toBe('200');
    for (const service of ['producer', 'processor']) {
      expect(await reaches(service, '169.254.169.254', 80)).toMatch(/timeout|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/);
    }
  });
});

describe("what is the nodes' own", () => {
  test.each([4789, 7946])('a datagram of a task to %s/udp of another node ends on its own', async (port) => {
    const [task] = await tasks('producer');
    const other = (await nodeContainers()).find((node) => node !== task!.node)!;
    expect(await datagramFrom(task!, other, port)).toEqual({ dropped: 1, got: 0 });
  });

  test("no task reaches the Swarm, its own node's included", async () => {
    for (const node of await nodeContainers()) {
      expect(await reaches('producer', await addressOf(node), 7946)).toBe('timeout');
    }
  });
});

describe('security groups', () => {
  let first: string;
  let other: string;
  let outsider: Stranger;
  beforeAll(async () => {
    first = await manager();
    other = (await nodeContainers()).find((node) => node !== first)!;
    outsider = await stranger(first);
  });
  afterAll(() => outsider.remove());

  const tcp = async (from: string, to: string, port: number): Promise<string> =>
    `${port}/tcp to a node is ${(await connects(from, await addressOf(to), port)) ? 'taken' : 'refused'}`;
  const packet = async (from: string, to: string, protocol: 'udp' | 'esp', port: number): Promise<string> =>
    `${protocol === 'esp' ? 'ESP' : `${port}/udp`} to a node ${(await arrives(from, to, protocol, port)) ? 'arrives' : 'is dropped'}`;

  test.each([2377, 7946])('a manager takes %s/tcp from a node, and from nobody else', async (port) => {
    expect(await tcp(other, first, port)).toBe(`${port}/tcp to a node is taken`);
    expect(await tcp(outsider.container, first, port)).toBe(`${port}/tcp to a node is refused`);
  });

  test('a worker takes 7946/tcp from a node, and from nobody else', async () => {
    expect(await tcp(first, other, 7946)).toBe('7946/tcp to a node is taken');
    expect(await tcp(outsider.container, other, 7946)).toBe('7946/tcp to a node is refused');
  });

  test.each([
    ['udp', 7946, 'gossip'],
    ['udp', 4789, 'VXLAN'],
    ['esp', 0, 'encrypted overlays'],
  ] as const)('%s %s (%s) passes between nodes, both ways, and from nobody else', async (protocol, port, _what) => {
    expect(await packet(first, other, protocol, port)).toMatch(/ arrives$/);
    expect(await packet(other, first, protocol, port)).toMatch(/ arrives$/);
    expect(await packet(outsider.container, first, protocol, port)).toMatch(/ is dropped$/);
    expect(await packet(outsider.container, other, protocol, port)).toMatch(/ is dropped$/);
  });

  test('nodes are closed to each other but for that', async () => {
    expect(await arrives(first, other, 'udp', 7947)).toBe(false);
    expect(await connects(first, await addressOf(other), 8000)).toBe(false);
  });

  test('the outsider is on the network, so the refusals mean something', async () => {
    // The gateway has an address on each network that it serves: the one that nodes know is on this network.
    const [gateway, port] = (await inNode(other, ['printenv', 'LAB_GATEWAY'])).trim().split(':');
    expect(await connects(outsider.container, gateway!, Number(port))).toBe(true);
  });
});

describe('the gateway', () => {
  const endpoint = (): string => process.env.AWS_ENDPOINT_URL!;
  const post = (headers: Record<string, string>): Promise<{ status: number; body: string }> =>
    new Promise((resolve, reject) => {
      const sent = httpRequest(endpoint(), { method: 'POST', headers }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode!, body }));
      });
      sent.on('error', reject);
      sent.end('{}');
    });

  test('listens on 127.0.0.1 only', async () => {
    const ports = await tryRun('docker', ['port', 'metals-lab-aws']);
    const bindings = ports.stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' -> ')[1]!.replace(/:\d+$/, ''));
    expect([...new Set(bindings)]).toEqual(['127.0.0.1']);
  });

  test('refuses a request that a web page could have sent', async () => {
    const answer = await post({
      origin: 'https://example.com',
      'x-amz-target': 'AmazonSSM.ListDocuments',
      'content-type': 'application/x-amz-json-1.1',
    });
    expect([answer.status, answer.body]).toEqual([expect.any(Number), expect.stringMatching(/origin/i)]);
    expect(answer.status).toBeGreaterThanOrEqual(400);
  });

  test('refuses a request that is not signed', async () => {
    const answer = await post({
      'x-amz-target': 'AmazonSSM.ListDocuments',
      'content-type': 'application/x-amz-json-1.1',
    });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.body).not.toContain('DocumentIdentifiers');
  });

  test('a wrong secret key is told so: exit code 4 and the next command', async () => {
    const right = process.env.AWS_SECRET_ACCESS_KEY;
    process.env.AWS_SECRET_ACCESS_KEY = 'wrong';
    try {
      const result = await metals('status');
      expect(result.stderr).toMatch(
        /error: the status could not be read \[credentials\]\nwhy: .*the lab does not accept these credentials/,
      );
      expect(result.stderr).toContain('. .lab/env');
      expect(result.code).toBe(4);
    } finally {
      process.env.AWS_SECRET_ACCESS_KEY = right;
    }
  });

  test('another region is told so', async () => {
    const result = await metals('status', '--region', 'us-east-1');
    expect(result.stderr).toContain(`the lab serves ${LAB_REGION} only`);
    expect(result.code).toBe(2);
  });

  test('a stage that is not deployed is told so, with those that are', async () => {
    const result = await metals('smoke-test', '--stage', 'labb');
    expect(result.stderr).toContain('stage "labb" is not deployed');
    expect(result.stderr).toContain('deployed: lab');
    expect(result.code).toBe(1);
  });
});

/** `metals doctor`: a fault is made, its cause is named with what was measured, and nothing is found once it is mended. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extract } from 'tar';
import { parseBySchema } from '../lib/cli/schemas';
import { instanceOfSlot } from './support/instances';
import { inNode, onManager, tasks } from './support/nodes';
import { eventually, metals, ROOT } from './support/run';
import { allSecretValues, stage } from './support/secrets';

jest.setTimeout(300_000);

const WITHIN_SECONDS = 60;
/** Of the issue: all checks together. */
const MOST_SECONDS = 20;

interface Told {
  readonly healthy: boolean;
  readonly seconds: number;
  readonly nodes: number;
  readonly findings: readonly { readonly code: string; readonly what: string; readonly evidence: readonly string[] }[];
}

async function doctor(): Promise<Told> {
  const { code, stdout, stderr } = await metals('doctor', '--json');
  if (code !== 0 && code !== 3) throw new Error(`metals doctor: exit code ${code}\n${stderr}`);
  const told = parseBySchema('doctor', stdout) as Told;
  expect(told.healthy).toBe(code === 0);
  expect(told.seconds).toBeLessThan(MOST_SECONDS);
  return told;
}

const named = ({ findings }: Told): string => findings.map(({ code, what }) => `${code}: ${what}`).join('; ');

const mustBeWell = (): Promise<void> =>
  eventually('nothing to be found', 120, async () => {
    const told = await doctor();
    return told.healthy ? undefined : named(told);
  });

const figures: string[] = [];
afterAll(() => console.log(`fault | first finding | named after (s) | doctor took (s)\n${figures.join('\n')}`));

/** The edge's image: it is on every node, and has a shell. */
async function image(): Promise<string> {
  const spec = await onManager(
    'service',
    'inspect',
    '--format',
    '{{.Spec.TaskTemplate.ContainerSpec.Image}}',
    'metals_edge',
  );
  return spec.trim();
}

/** Not of the stack's namespace; of services with other names doctor tells no logs. */
const SERVICE = 'metals_doctor-fault';
const NETWORK = 'doctor-network';

/** A service of nobody, beside the stack. */
async function service(
  options: readonly string[],
  command: readonly string[] = ['sleep', '1000'],
  from?: string,
): Promise<void> {
  const [program, ...args] = command;
  const basics = [
    '--detach',
    '--no-resolve-image',
    '--name',
    SERVICE,
    '--restart-delay',
    '1s',
    '--entrypoint',
    program!,
  ];
  await onManager('service', 'create', ...basics, ...options, from ?? (await image()), ...args);
}

async function removeAll(): Promise<void> {
  await onManager('service', 'rm', SERVICE).catch(() => undefined);
  await eventually('the network to be free', 60, async () => {
    await onManager('network', 'rm', NETWORK).catch(() => undefined);
    const left = await onManager('network', 'ls', '-q', '--filter', `name=${NETWORK}`);
    return left.trim() === '' ? undefined : 'it is in use';
  });
}

const slotNode = async (slot: string): Promise<string> => (await instanceOfSlot(stage(), slot)).container;

interface Fault {
  readonly code: string;
  readonly fault: string;
  readonly make: () => Promise<unknown>;
  readonly mend?: () => Promise<unknown>;
  /** What must be among the evidence, or in what is wrong. */
  readonly says: RegExp;
}

const subnetOf = async (network: string): Promise<string> =>
  (await onManager('network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', network)).trim();

const BLOCKED = ['udp', 'esp'] as const;
const block = (action: '-I' | '-D') => async (): Promise<void> => {
  const node = await slotNode('worker-2');
  for (const protocol of BLOCKED)
    await inNode(node, [
      ...['iptables', '-w', action, 'INPUT', '-p', protocol],
      ...(protocol === 'udp' ? ['--dport', '4789'] : []),
      ...['-j', 'DROP'],
    ]);
};

const LEASE = 'metals-deploy-lease';
const FILL = '/var/lib/docker/lab-test-doctor';

const FAULTS: readonly Fault[] = [
  {
    code: 'network-overlap',
    fault: "a network whose range is that of one of the stack's",
    make: async () => {
      await onManager(
        'network',
        'create',
        '--driver',
        'overlay',
        '--subnet',
        await subnetOf('metals-frontend'),
        NETWORK,
      );
      await service(['--network', NETWORK]);
    },
    says: /doctor-network could not be allocated[^]*waiting for it: doctor-fault[^]*Pool overlaps with other one/,
  },
  {
    code: 'network-full',
    fault: 'a network of six addresses for eight tasks',
    make: async () => {
      await onManager('network', 'create', '--driver', 'overlay', '--subnet', '10.99.0.0/29', NETWORK);
      await service(['--network', NETWORK, '--replicas', '8']);
    },
    says: /10\.99\.0\.0\/29 has 6 addresses; needed: \d+ .*, \d+ too many/,
  },
  {
    code: 'no-node-fits',
    fault: 'a constraint that no node meets',
    make: () => service(['--constraint', 'node.labels.gpu==true']),
    says: /node\.labels\.gpu==true: met by no node/,
  },
  {
    code: 'no-room',
    fault: 'a reservation of 64 GiB',
    make: () => service(['--reserve-memory', '64G']),
    says: /worker-1 lacks \d+ MiB/,
  },
  {
    code: 'port-taken',
    fault: 'a port of the nodes that the edge has',
    make: () => service(['--publish', 'mode=host,target=8000,published=8000']),
    says: /host-mode port already in use/,
  },
  {
    code: 'image-missing',
    fault: 'an image that is nowhere',
    make: () => service([], undefined, 'lab-test/none:1'),
    says: /No such image: lab-test\/none:1/,
  },
  {
    code: 'mount-missing',
    fault: 'a folder that is not there',
    make: () => service(['--mount', 'type=bind,src=/nowhere,dst=/x']),
    says: /bind source path does not exist: \/nowhere/,
  },
  {
    code: 'task-fails',
    fault: 'a program that ends with exit code 3',
    make: () => service([], ['bash', '-c', 'echo "cannot read the file of prices"; exit 3']),
    says: /cannot read the file of prices/,
  },
  {
    code: 'out-of-memory',
    fault: 'a program that needs more than its limit of 16 MiB',
    make: () => service(['--limit-memory', '16M'], ['bash', '-c', 'x=a; while :; do x=$x$x; done']),
    says: /needed more than its limit of 16 MiB/,
  },
  {
    code: 'unhealthy',
    fault: 'a health check that fails',
    make: () =>
      service([
        ...['--health-cmd', 'echo port 8000 is closed; exit 1'],
        ...['--health-interval', '1s', '--health-retries', '3', '--health-start-period', '1s'],
      ]),
    says: /port 8000 is closed/,
  },
  {
    code: 'node-drained',
    fault: 'worker-2 takes no tasks',
    make: async () => onManager('node', 'update', '--availability', 'pause', await nodeIdOf('worker-2')),
    mend: async () => onManager('node', 'update', '--availability', 'active', await nodeIdOf('worker-2')),
    says: /its availability: pause/,
  },
  {
    code: 'disk-full',
    fault: 'the data volume of worker-2 is full to 92 %',
    make: async () => {
      const node = await slotNode('worker-2');
      const [size, used] = (await inNode(node, ['df', '-B1', '--output=size,used', '/var/lib/docker']))
        .trim()
        .split('\n')[1]!
        .trim()
        .split(/ +/)
        .map(Number) as [number, number];
      await inNode(node, ['fallocate', '-l', String(Math.floor(size * 0.92) - used), FILL]);
    },
    mend: async () => inNode(await slotNode('worker-2'), ['rm', '-f', FILL]),
    says: /\/var\/lib\/docker: 9\d % used, \d\.\d GiB free/,
  },
  {
    code: 'overlay-broken',
    fault: 'VXLAN and ESP do not reach worker-2',
    make: block('-I'),
    mend: block('-D'),
    says: /worker-1 -> worker-2 \(10\.10\.\d\.\d+\): no answer within 2 s/,
  },
  {
    code: 'drifted',
    fault: 'an image that somebody has set by hand',
    make: async () => {
      const format = '{{.Spec.TaskTemplate.ContainerSpec.Image}}';
      const deployed = (await onManager('service', 'inspect', '--format', format, 'metals_processor')).trim();
      // The same image by another name: what is shown is that nobody has deployed it.
      const other = deployed.replace('@', ':by-hand@');
      await onManager('service', 'update', '--detach', '--no-resolve-image', '--image', other, 'metals_processor');
    },
    mend: async () => {
      const { code, stderr } = await metals('redeploy', '--json');
      if (code !== 0) throw new Error(`metals redeploy: exit code ${code}\n${stderr}`);
    },
    says: /processor has another image than was deployed[^]*:by-hand@sha256/,
  },
  {
    code: 'deployment-cut-off',
    fault: 'a deployment whose node went away',
    make: () =>
      onManager(
        ...['config', 'create', '--label', 'com.metals.lease.document=stack-deploy'],
        ...['--label', 'com.metals.lease.slot=manager-1', '--label', 'com.metals.lease.expires=1'],
        ...[LEASE, '/etc/hostname'],
      ),
    mend: () => onManager('config', 'rm', LEASE),
    says: /its lease ended \d+ s ago/,
  },
];

async function nodeIdOf(slot: string): Promise<string> {
  const ids = (await onManager('node', 'ls', '-q')).trim().split('\n');
  for (const id of ids) {
    const label = await onManager('node', 'inspect', '--format', '{{index .Spec.Labels "metals.slot"}}', id);
    if (label.trim() === slot) return id;
  }
  throw new Error(`no node has the slot ${slot}`);
}

beforeAll(async () => {
  await removeAll();
  // Others have ended tasks here, which Docker remembers; each place has one that runs.
  expect((await tasks()).length).toBeGreaterThan(0);
  await mustBeWell();
});

test('everything that explains an incident goes into one archive, and no secret does', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'metals-lab-bundle-'));
  try {
    const file = join(folder, 'bundle.tar.gz');
    const { code, stdout, stderr } = await metals('bundle', '--since', '24h', '--output', file, '--json');
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    expect(parseBySchema('bundle', stdout)).toMatchObject({ file });
    await extract({ file, cwd: folder });
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.(json|log)$/.test(name),
    );
    expect(files.map((name) => name.replace(/^[^/]*\//, ''))).toEqual(
      expect.arrayContaining([
        'doctor.json',
        'status.json',
        'history.json',
        'events.json',
        'logs/producer.log',
        'logs/kafka.log',
      ]),
    );
    const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
    expect(text).toContain('stack-deploy');
    for (const [name, value] of await allSecretValues())
      expect({ name, isInside: text.includes(value) }).toEqual({ name, isInside: false });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what has changed is told, oldest first, and within seconds with --follow', async () => {
  const follower = spawn(join(ROOT, 'bin/metals'), ['events', '--follow'], { cwd: ROOT });
  let followed = '';
  follower.stdout.setEncoding('utf8').on('data', (text: string) => (followed += text));
  try {
    await service([], ['bash', '-c', 'exit 3']);
    const madeAtMs = Date.now();
    await eventually('the failed task to be told', 30, async () =>
      /task doctor-fault\.1@\S+ failed: .*\(3\)/.test(followed) ? undefined : followed,
    );
    figures.push(`events --follow: a task that fails | | ${((Date.now() - madeAtMs) / 1000).toFixed(1)} |`);
  } finally {
    follower.kill('SIGINT');
    await removeAll();
  }
  const { code, stdout } = await metals('events', '--since', '24h', '--json');
  expect(code).toBe(0);
  const { events } = parseBySchema('events', stdout) as {
    events: { at: string; kind: string; name: string; state: string }[];
  };
  expect(events.map(({ at }) => at)).toEqual(events.map(({ at }) => at).sort());
  expect(events).toContainEqual(
    expect.objectContaining({ kind: 'document', name: 'stack-deploy', state: 'succeeded' }),
  );
  expect(events).toContainEqual(expect.objectContaining({ kind: 'task', name: 'mongodb.1', state: 'running' }));
});

test('what there is, is what was deployed, and a label that is gone is told', async () => {
  const validate = async () => {
    const { code, stdout, stderr } = await metals('validate', '--json');
    if (code !== 0 && code !== 3) throw new Error(`metals validate: exit code ${code}\n${stderr}`);
    const { checks } = parseBySchema('validate', stdout) as {
      checks: { subject: string; actual: string; ok: boolean }[];
    };
    return {
      code,
      checks,
      wrong: checks.filter(({ ok }) => !ok).map(({ subject, actual }) => `${subject}: ${actual}`),
    };
  };
  const healthy = await validate();
  expect(healthy.wrong).toEqual([]);
  expect(healthy.code).toBe(0);
  expect(healthy.checks.map(({ subject }) => subject)).toEqual(
    expect.arrayContaining([
      'network metals-backend: subnet',
      'rights in Kafka',
      'topic metals-prices: partitions',
      'index timestamp',
    ]),
  );
  await onManager('node', 'update', '--label-rm', 'metals.slot', await nodeIdOf('worker-2'));
  const ids = (await onManager('node', 'ls', '-q')).trim().split('\n');
  try {
    expect(await validate()).toMatchObject({
      code: 3,
      wrong: [expect.stringMatching(/^node .*: label metals\.slot: is missing$/)],
    });
  } finally {
    for (const id of ids) {
      const label = (await onManager('node', 'inspect', '--format', '{{index .Spec.Labels "metals.slot"}}', id)).trim();
      if (label === '') await onManager('node', 'update', '--label-add', 'metals.slot=worker-2', id);
    }
  }
  expect((await validate()).wrong).toEqual([]);
});

test('a healthy deployment has no finding, ten times', async () => {
  const seconds: number[] = [];
  for (let run = 0; run < 10; run++) {
    const told = await doctor();
    expect(named(told)).toBe('');
    expect(told.nodes).toBe(3);
    seconds.push(told.seconds);
  }
  figures.push(`none, ten times | none | | ${seconds.join(', ')}`);
});

test.each(FAULTS)('$fault: $code', async ({ code, fault, make, mend, says }) => {
  try {
    await make();
    const madeAtMs = Date.now();
    let first: Told['findings'][number] | undefined;
    let took = 0;
    await eventually(`${code} to be named`, WITHIN_SECONDS, async () => {
      const told = await doctor();
      const text = ({ what, evidence }: Told['findings'][number]): string => [what, ...evidence].join('\n');
      const found = told.findings.find((one) => one.code === code && says.test(text(one)));
      if (found === undefined) return JSON.stringify(told.findings);
      [first, took] = [told.findings[0], told.seconds];
      return undefined;
    });
    figures.push(`${fault} | ${first!.code} | ${((Date.now() - madeAtMs) / 1000).toFixed(1)} | ${took.toFixed(1)}`);
    // The cause comes first, whatever follows from it.
    expect(first!.code).toBe(code);
  } finally {
    await mend?.();
    await removeAll();
  }
  await mustBeWell();
});

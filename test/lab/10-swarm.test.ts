import { parseBySchema } from '../lib/cli/schemas';
import { metals } from './support/run';
import { manager, nodeContainers, onManager, tasks, tryInNode } from './support/nodes';
import { stage } from './support/secrets';
import type { StackStatus } from '../../lib/cli/stack-status';
import type { TaskUse } from '../../lib/cli/task-use';

jest.setTimeout(180_000);

const SERVICES = ['edge', 'kafka', 'mongodb', 'processor', 'producer'];
const NODE_MEMORY_BYTES = 4 * 1024 ** 3;

describe('nodes', () => {
  test('three are Ready: one manager, two workers', async () => {
    const lines = (await onManager('node', 'ls', '--format', '{{.Status}} {{.Availability}} {{.ManagerStatus}}'))
      .trim()
      .split('\n');
    expect(lines.map((line) => line.trim()).sort()).toEqual(['Ready Active', 'Ready Active', 'Ready Active Leader']);
  });

  test('each believes to be a t3.medium', async () => {
    const ids = (await onManager('node', 'ls', '-q')).trim().split('\n');
    const inspected = JSON.parse(await onManager('node', 'inspect', ...ids)) as {
      Description: { Resources: { NanoCPUs: number; MemoryBytes: number } };
    }[];
    for (const { Description } of inspected) {
      expect(Description.Resources.NanoCPUs).toBe(2e9);
      expect(Description.Resources.MemoryBytes).toBeGreaterThan(NODE_MEMORY_BYTES * 0.9);
      expect(Description.Resources.MemoryBytes).toBeLessThanOrEqual(NODE_MEMORY_BYTES);
    }
  });

  test('the overlays have the subnets that were asked for, those of the stores are internal, and none is attachable', async () => {
    const names = ['metals-frontend', 'metals-backend', 'metals-monitoring'];
    const networks = JSON.parse(await onManager('network', 'inspect', ...names)) as {
      Name: string;
      Driver: string;
      Attachable: boolean;
      Internal: boolean;
      IPAM: { Config: { Subnet: string }[] };
    }[];
    expect(
      networks.map(({ Name, Driver, Attachable, Internal, IPAM }) => [
        Name,
        Driver,
        Attachable,
        Internal,
        IPAM.Config[0]!.Subnet,
      ]),
    ).toEqual([
      ['metals-frontend', 'overlay', false, true, '10.10.0.0/24'],
      ['metals-backend', 'overlay', false, true, '10.10.1.0/24'],
      ['metals-monitoring', 'overlay', false, false, '10.10.2.0/24'],
    ]);
  });
});

describe('services', () => {
  let status: StackStatus & { healthy: boolean; problems: string[]; use: TaskUse[] };

  test('metals status --json is healthy', async () => {
    const result = await metals('status', '--json');
    if (!result.stdout.startsWith('{')) throw new Error(`exit code ${result.code}: ${result.stderr}`);
    status = parseBySchema('status', result.stdout) as typeof status;
    expect(status.problems).toEqual([]);
    expect(result.stderr).not.toContain('unhealthy');
    expect(result.code).toBe(0);
    expect(status).toMatchObject({ stage: stage(), healthy: true, problems: [] });
    expect(status.nodes.map((node) => node.slot).sort()).toEqual(['manager-1', 'worker-1', 'worker-2']);
  });

  test('each is at its replica count, and the setup job is complete', () => {
    const names = status.services.map((service) => service.name.replace(/^setup-.*/, 'setup')).sort();
    expect(names).toEqual([...SERVICES, 'setup'].sort());
    for (const service of status.services)
      expect([service.name, service.running]).toEqual([service.name, service.desired]);
  });

  test('and metals status says what each task uses, and what producers and processors do together', async () => {
    const running = await tasks();
    const known = status.use.map(({ service, container }) => `${service} ${container.slice(0, 12)}`).sort();
    expect(known).toEqual(running.map(({ service, container }) => `${service} ${container.slice(0, 12)}`).sort());
    for (const { memory_bytes: bytes, cpu_percent: percent } of status.use) {
      expect(bytes).toBeGreaterThan(2 ** 20);
      expect(percent).toBeGreaterThanOrEqual(0);
    }
    const of = (name: string) => status.health.find(({ service }) => service === name)!;
    expect(of('producer')).toMatchObject({ answered: 2, lag_records: null });
    expect(of('processor')).toMatchObject({ answered: 1, lag_records: expect.any(Number) });
    // The lab's feed: each replica of the producer invents one a second.
    for (const name of ['producer', 'processor']) expect(of(name).per_second).toBeGreaterThan(0.5);
  });

  test('each task is healthy in the eyes of its own Docker', async () => {
    const running = await tasks();
    expect([...new Set(running.map((task) => task.service))].sort()).toEqual(SERVICES);
    for (const task of running) {
      const { stdout } = await tryInNode(task.node, [
        'docker',
        'inspect',
        '--format',
        '{{.State.Health.Status}}',
        task.container,
      ]);
      expect([task.service, stdout.trim()]).toEqual([task.service, 'healthy']);
    }
  });

  test('Kafka and MongoDB have their data where their label pins them, on different nodes', async () => {
    const pinned = async (service: string): Promise<string[]> =>
      JSON.parse(
        await onManager(
          'service',
          'inspect',
          `metals_${service}`,
          '--format',
          '{{json .Spec.TaskTemplate.Placement.Constraints}}',
        ),
      ) as string[];
    expect(await pinned('kafka')).toEqual([expect.stringMatching(/^node\.labels\.metals\.kafka\s*==\s*true$/)]);
    expect(await pinned('mongodb')).toEqual([expect.stringMatching(/^node\.labels\.metals\.mongodb\s*==\s*true$/)]);
    const [kafka, mongodb] = [(await tasks('kafka'))[0]!, (await tasks('mongodb'))[0]!];
    expect(kafka.node).not.toBe(mongodb.node);
  });

  test('every image comes from the registry of the account, by digest', async () => {
    const names = (await onManager('service', 'ls', '--format', '{{.Name}}')).trim().split('\n');
    const images = await onManager(
      'service',
      'inspect',
      ...names,
      '--format',
      '{{.Spec.TaskTemplate.ContainerSpec.Image}}',
    );
    for (const image of images.trim().split('\n')) {
      expect(image).toMatch(/^000000000000\.dkr\.ecr\.eu-west-1\.amazonaws\.com\/[^@]+@sha256:[0-9a-f]{64}$/);
    }
  });
});

test('the smoke test passes its seven steps', async () => {
  const result = await metals('smoke-test', '--json');
  // Where it could not be run, what stands on stdout is the reason, and no report.
  if (result.stdout === '' || !result.stdout.includes('"steps"'))
    throw new Error(`exit code ${result.code}: ${result.stderr}${result.stdout}`);
  const report = parseBySchema('smoke-test', result.stdout) as {
    passed: boolean;
    steps: { step: number; ok: boolean }[];
  };
  expect(report.steps.map((step) => [step.step, step.ok])).toEqual([1, 2, 3, 4, 5, 6, 7].map((step) => [step, true]));
  expect([report.passed, result.code]).toEqual([true, 0]);
});

test('no node publishes anything but 8000 and 8001, and the host only on 127.0.0.1', async () => {
  const published = await onManager('service', 'ls', '-q');
  const ports = await onManager(
    'service',
    'inspect',
    ...published.trim().split('\n'),
    '--format',
    '{{.Spec.Name}} {{json .Endpoint.Spec.Ports}}',
  );
  const open = ports
    .trim()
    .split('\n')
    .filter((line) => !/ (null|\[\])$/.test(line))
    .map((line) => {
      const [name, json] = [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)];
      return [
        name,
        (JSON.parse(json) as { PublishedPort: number; PublishMode: string }[])
          .map((port) => `${port.PublishMode} ${port.PublishedPort}`)
          .sort(),
      ];
    });
  expect(open).toEqual([['metals_edge', ['host 8000', 'host 8001']]]);
  expect((await nodeContainers()).length).toBe(3);
  expect(await manager()).toMatch(/^metals-lab-i-/);
});

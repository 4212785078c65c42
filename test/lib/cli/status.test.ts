/** What is told beside the answer of the Swarm: nodes whose volume is gone do not come back by themselves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  DescribeInstanceInformationCommand,
  ListAssociationsCommand,
  ListCommandsCommand,
  ListDocumentsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { status } from '../../../lib/cli/commands/status';
import { readContext } from '../../../lib/cli/context';
import type { StackStatus } from '../../../lib/cli/stack-status';
import { commandsEnd, documentsAnswer, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const ec2 = mockClient(EC2Client);
const cloudWatch = mockClient(CloudWatchClient);
const recorded = JSON.parse(readFileSync(join(__dirname, '../../documents/states/status.json'), 'utf8')) as StackStatus;

/** A Swarm without its workers of these names. */
function swarm(...down: string[]): void {
  const nodes = recorded.nodes.map((node) => ({ ...node, state: down.includes(node.slot!) ? 'down' : 'ready' }));
  documentsAre(ssm, 'metals-lab-stack-status');
  managerTakesCommands(ssm);
  commandsEnd(ssm, 'Success', JSON.stringify({ ...recorded, nodes }));
}

const volumesOf = (...slots: string[]) =>
  ec2.on(DescribeVolumesCommand).resolves({
    Volumes: slots.map((Value) => ({ VolumeId: `vol-${Value}`, Tags: [{ Key: 'metals:slot', Value }] })),
  });

async function run(options: { json?: boolean; stage?: string; timeout?: string } = {}) {
  const io = fakeIo(LAB_ENV);
  const context = readContext({ color: false, ...options }, io, new AbortController().signal);
  const result = await status(context).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; next: string[] }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err() };
}

beforeEach(() => {
  ssm.reset();
  ec2.reset();
  cloudWatch.reset();
  cloudWatch.on(DescribeAlarmsCommand).resolves({ MetricAlarms: [] });
  ssm.on(ListAssociationsCommand).resolves({ Associations: [] });
});

describe('associations that have failed', () => {
  const association = { AssociationName: 'metals-lab-reprepare', AssociationId: 'a-1' };

  test('are told, and make no deployment unhealthy: they are tried again', async () => {
    swarm();
    ssm.on(ListAssociationsCommand).resolves({ Associations: [association] });
    const { code, err } = await run();
    expect(code).toBe(0);
    expect(err).toContain('note: association metals-lab-reprepare failed on 0 of 0 nodes');
    expect(parseBySchema('status', (await run({ json: true })).out)).toMatchObject({
      healthy: true,
      notes: [expect.any(String)],
    });
  });

  test('that cannot be read hide nothing of what the Swarm has said', async () => {
    swarm();
    ssm.on(ListAssociationsCommand).rejects(new Error('socket hang up'));
    const { code, err } = await run();
    expect(code).toBe(0);
    expect(err).toContain('note: whether associations have failed is not known: socket hang up');
  });
});

describe('alarms', () => {
  const MetricAlarms = [
    {
      AlarmName: 'metals-lab-worker-1-data-disk',
      AlarmDescription: 'The data volume of worker-1 is used by 80 % or more',
      StateUpdatedTimestamp: new Date('2026-11-29T15:30:24Z'),
    },
  ];

  test('that are raised are told, and make no deployment unhealthy: CloudWatch looks once an hour', async () => {
    swarm();
    cloudWatch.on(DescribeAlarmsCommand).resolves({ MetricAlarms });
    const { code, err } = await run();
    expect(code).toBe(0);
    expect(err).toContain(
      'note: alarm metals-lab-worker-1-data-disk has been raised since 2026-11-29 15:30 UTC: The data volume',
    );
  });

  test('that cannot be read hide nothing of what the Swarm has said', async () => {
    swarm();
    cloudWatch.on(DescribeAlarmsCommand).rejects(new Error('socket hang up'));
    const { code, err } = await run();
    expect(code).toBe(0);
    expect(err).toContain('note: whether alarms are raised is not known: socket hang up');
  });
});

describe('what tasks use', () => {
  const slots = JSON.stringify({
    slot: 'worker-1',
    tasks: [{ service: 'producer', container: '0123456789ab', memory_bytes: 104_857_600, cpu_percent: 12.4 }],
  });

  /** The Swarm as recorded, and what nodes answer. */
  function answer(documents: Record<string, string>): void {
    documentsAnswer(ssm, { 'stack-status': JSON.stringify(recorded), ...documents });
    ssm.on(ListAssociationsCommand).resolves({ Associations: [] });
  }

  test('stands beside each service, and task by task in JSON', async () => {
    answer({ 'node-use': slots });
    const { out } = await run();
    expect(out).toMatch(/producer .*uses 100 MiB, 12 % of a CPU/);
    expect(parseBySchema('status', (await run({ json: true })).out)).toMatchObject({
      use: [{ service: 'producer', node: 'worker-1', cpu_percent: 12.4 }],
    });
  });

  test.each([
    ['InvalidDocument', false],
    ['AccessDeniedException', false],
    ['InternalServerError', true],
  ])('that cannot be asked for %s hides nothing of what the Swarm has said', async (name, isTold) => {
    answer({});
    ssm
      .on(SendCommandCommand, { DocumentName: 'metals-lab-node-use' })
      .rejects(Object.assign(new Error('no node-use'), { name }));
    const { code, out, err } = await run();
    expect(code).toBe(0);
    expect(out).toContain('producer');
    expect(err.includes('note: what tasks use is not known: no node-use')).toBe(isTold);
  });
});

describe('the last deployment', () => {
  const command = {
    ...{
      CommandId: 'c-9',
      DocumentName: 'metals-lab-stack-deploy',
      Status: 'Success' as const,
      Comment: 'CloudFormation',
    },
    ...{ RequestedDateTime: new Date('2026-11-29T15:30:24Z'), Parameters: { BundleSha256: ['0123456789abcdef'] } },
  };

  test('is told with its outcome', async () => {
    swarm();
    const find = { Filters: [{ key: 'DocumentName' as const, value: 'metals-lab-stack-deploy' }], MaxResults: 10 };
    ssm.on(ListCommandsCommand, find).resolves({ Commands: [command] });
    expect((await run()).err).toContain('last deployed 2026-11-29 15:30:24 UTC: succeeded, version 62fb44929ee5\n');
    expect(parseBySchema('status', (await run({ json: true })).out)).toMatchObject({
      last_deployment: {
        at: '2026-11-29T15:30:24.000Z',
        outcome: 'succeeded',
        by: 'CloudFormation',
        command_id: 'c-9',
      },
    });
  });

  test('that may not be seen hides nothing', async () => {
    swarm();
    ssm.on(ListCommandsCommand, { MaxResults: 10 }).rejects(new Error('no'));
    expect(parseBySchema('status', (await run({ json: true })).out)).toMatchObject({ last_deployment: null });
  });
});

describe('--watch', () => {
  async function watch(isTTY: boolean, looks: readonly (() => void)[]) {
    const io = fakeIo(LAB_ENV, isTTY);
    const stop = new AbortController();
    const context = readContext({ color: false }, io, stop.signal);
    let look = 0;
    // Each look begins by asking for the documents.
    ssm.on(ListDocumentsCommand).callsFake(() => {
      looks[look++]!();
      if (look === looks.length) stop.abort();
      return { DocumentIdentifiers: [{ Name: 'metals-lab-stack-status' }] };
    });
    const code = await status(context, { watch: true }, 1);
    return { code, out: io.out(), err: io.err() };
  }
  const answers = (over: object = {}): void => {
    managerTakesCommands(ssm);
    commandsEnd(ssm, 'Success', JSON.stringify({ ...recorded, ...over }));
  };
  const fails = (): void => commandsEnd(ssm, 'Failed', '', 'error: no quorum');

  test('shows the same anew, and goes on where nobody can be asked for a while', async () => {
    const { code, out, err } = await watch(false, [answers, fails, () => answers({ nodes: [] }), answers]);
    expect(code).toBe(0);
    expect(out.match(/role \/ mode/g)).toHaveLength(2);
    expect(err).toContain('error: the status could not be read [document-failed]');
    expect(err).toContain('no quorum');
    expect(err.match(/asking a manager …/g)).toHaveLength(1);
  });

  test('takes the place of what is on a terminal, and of nothing elsewhere', async () => {
    expect((await watch(true, [answers, answers])).out.startsWith('\x1b[H\x1b[2J')).toBe(true);
    expect((await watch(false, [answers, answers])).out).not.toContain('\x1b');
  });

  test('has no JSON', async () => {
    const context = readContext({ json: true, color: false }, fakeIo(LAB_ENV), new AbortController().signal);
    await expect(status(context, { watch: true })).rejects.toMatchObject({ code: 'usage' });
  });
});

const LOST =
  'node worker-1 does not come back, as it has no volume any more; this says what was on it, and how to go on: ' +
  './bin/metals';

test('all is well: EC2 is not asked', async () => {
  swarm();
  expect((await run()).code).toBe(0);
  expect(ec2.calls()).toHaveLength(0);
});

test('a node that is away, and has its volume, comes back', async () => {
  swarm('worker-1');
  volumesOf('manager-1', 'worker-1', 'worker-2');
  const { code, err } = await run();
  expect(code).toBe(3);
  expect(err).toContain('unhealthy: node worker-1 is down');
  expect(err).not.toContain('no volume');
});

test('one without does not: that comes first, with the command as it was typed', async () => {
  swarm('worker-1');
  volumesOf('manager-1', 'worker-2');
  const { code, err } = await run({ stage: 'lab' });
  expect(code).toBe(3);
  expect(err.match(/unhealthy: .*/g)).toEqual([
    `unhealthy: ${LOST} --stage lab deploy`,
    'unhealthy: node worker-1 is down',
  ]);
  const { problems } = parseBySchema('status', (await run({ json: true })).out) as { problems: string[] };
  expect(problems).toEqual([`${LOST} deploy`, 'node worker-1 is down']);
});

test('where EC2 does not say, what the Swarm has said is told all the same', async () => {
  swarm('worker-1');
  ec2.on(DescribeVolumesCommand).rejects(new Error('reset by peer'));
  expect((await run()).err.match(/unhealthy: .*/g)).toEqual([
    'unhealthy: whether the volumes of worker-1 are still there is not known: reset by peer',
    'unhealthy: node worker-1 is down',
  ]);
});

test('the only manager, too, whose next instance is online and in no Swarm', async () => {
  swarm();
  commandsEnd(ssm, 'Failed', '', 'error: this node is no manager of a Swarm (state: inactive)');
  volumesOf('worker-1', 'worker-2');
  const { error } = await run();
  expect(error?.why).toMatch(/^manager-1 has no volume any more; (.|\n)*this node is no manager of a Swarm/);
  volumesOf('manager-1');
  expect((await run()).error?.why).not.toContain('no volume');
});

test('the only manager, too, whom nobody can ask', async () => {
  swarm();
  ssm.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [] });
  volumesOf('worker-1', 'worker-2');
  const { error } = await run({ timeout: '1s' });
  expect(error?.why).toMatch(/^manager-1 has no volume any more; waiting for a manager/);
  expect(error?.next).toEqual(['./bin/metals deploy    # says what was on it, and how to go on']);
});

/** What `metals doctor` shows of what it has found, and what it makes of what it may not see. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DescribeInstancesCommand, DescribeVolumesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  ListAssociationsCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { doctor } from '../../../lib/cli/commands/doctor';
import { readContext } from '../../../lib/cli/context';
import { documentsAnswer, documentsAre } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const ec2 = mockClient(EC2Client);
/** In one line, as it was printed. */
const recorded = (name: string): string =>
  JSON.stringify(JSON.parse(readFileSync(join(__dirname, 'doctor/recorded', `${name}.json`), 'utf8')));

/** What each document answers; one instance, which is a manager. */
function answers(outputs: Readonly<Record<string, string>>): void {
  ec2.reset();
  documentsAnswer(ssm, outputs);
  ssm.on(ListAssociationsCommand).resolves({ Associations: [] });
  ec2.on(DescribeInstancesCommand).resolves({
    Reservations: [{ Instances: [{ InstanceId: 'i-1', Tags: [{ Key: 'metals:slot', Value: 'manager-1' }] }] }],
  });
  ec2.on(DescribeVolumesCommand).resolves({ Volumes: [] });
}

/** As the document packs it. */
const packed = (swarm: string): string => JSON.stringify({ stage: 'lab', packed: gzipSync(swarm).toString('base64') });

const HEALTHY = {
  'stack-status': recorded('status'),
  'swarm-evidence': packed(recorded('swarm')),
  'node-evidence': recorded('manager-1'),
};

async function run({ json = false } = {}) {
  const io = fakeIo(LAB_ENV, false);
  const context = readContext({ json, color: true, stage: 'lab' }, io, new AbortController().signal);
  const result = await doctor(context).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; code: string }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err() };
}

test('nothing is wrong', async () => {
  answers(HEALTHY);
  const { code, out, err } = await run();
  expect(code).toBe(0);
  expect(out).toBe('no finding\n');
  expect(err).toMatch(/stage lab: healthy; 1 node, \d+ services, \d/);
  expect(parseBySchema('doctor', (await run({ json: true })).out)).toMatchObject({ healthy: true, findings: [] });
});

test('findings, each with what was measured, what it is not, and a command that is whole', async () => {
  const swarm = JSON.parse(recorded('swarm'));
  swarm.nodes = [{ ...swarm.nodes[0], slot: 'manager-1', state: 'down', message: 'heartbeat\u001b[31m failure' }];
  answers({ ...HEALTHY, 'swarm-evidence': packed(JSON.stringify(swarm)) });
  const { code, out, err } = await run();
  expect(code).toBe(3);
  expect(out).toBe(
    '✖ node manager-1 is down [node-down]\n' +
      '    heartbeat\\x1b[31m failure\n' +
      '    not a fault of the services that ran there: they run elsewhere as soon as they may\n' +
      '    next: ./bin/metals --stage lab status --watch    # its group replaces an instance that is gone\n',
  );
  expect(err).toContain('1 finding, the likely root first');
  expect(parseBySchema('doctor', (await run({ json: true })).out)).toMatchObject({
    findings: [{ code: 'node-down', evidence: ['heartbeat\\x1b[31m failure'] }],
  });
});

test('a deployment that is under way is said, and images are short', async () => {
  const swarm = JSON.parse(recorded('swarm'));
  const lease = { document: 'stack-deploy', slot: 'manager-1', command: 'c', since: '2026-11-29T17:02:58Z' };
  swarm.lease = { ...lease, expires_in_seconds: 200 };
  swarm.drift = [{ service: 'edge', what: 'image', is: `a.b/c@sha256:${'1'.repeat(64)}`, deployed: 'other' }];
  answers({ ...HEALTHY, 'swarm-evidence': packed(JSON.stringify(swarm)) });
  const { out, err } = await run();
  expect(out).toContain('    it has c@11111111\n');
  expect(err).toContain(
    'note: stack-deploy is under way on manager-1 since 2026-11-29T17:02:58Z: what waits for it is no fault',
  );
});

test('a Swarm that does not speak does not hide what AWS and the nodes say', async () => {
  const node = JSON.parse(recorded('manager-1'));
  answers({ ...HEALTHY, 'node-evidence': JSON.stringify({ ...node, swarm: 'error', swarm_error: 'no quorum' }) });
  ssm.on(ListCommandsCommand).callsFake(({ CommandId }: { CommandId: string }) => ({
    Commands: [{ CommandId, Status: CommandId.includes('node-evidence') ? 'Success' : 'Failed', TargetCount: 1 }],
  }));
  ssm.on(ListCommandInvocationsCommand).callsFake(({ CommandId }: { CommandId: string }) => ({
    CommandInvocations: [
      { CommandId, InstanceId: 'i-1', Status: CommandId.includes('node-evidence') ? 'Success' : 'Failed' },
    ],
  }));
  const { findings } = JSON.parse((await run({ json: true })).out) as { findings: { code: string }[] };
  expect(findings.map(({ code }) => code)).toEqual(['swarm-silent', 'node-left']);
});

test('instances that may not be seen are no finding; those that are offline are', async () => {
  answers(HEALTHY);
  ec2.on(DescribeInstancesCommand).rejects(Object.assign(new Error('no'), { name: 'UnauthorizedOperation' }));
  const unseen = await run();
  expect(unseen.code).toBe(0);
  expect(unseen.err).toContain('note: the instances could not be looked at: ec2:DescribeInstances is not allowed');
  answers(HEALTHY);
  ec2
    .on(DescribeInstancesCommand)
    .resolves({ Reservations: [{ Instances: [{ InstanceId: 'i-1' }, { InstanceId: 'i-2' }] }] });
  ec2
    .on(DescribeVolumesCommand)
    .resolves({ Volumes: [{ VolumeId: 'v', Tags: [{ Key: 'metals:slot', Value: 'i-2' }] }] });
  expect((await run()).out).toContain('instance i-2 runs; last heard of: never');
});

test('whoever may not ask is told so', async () => {
  answers(HEALTHY);
  ssm
    .on(SendCommandCommand)
    .rejects(Object.assign(new Error('not authorized to perform: ssm:SendCommand'), { name: 'AccessDeniedException' }));
  expect((await run()).error).toBeDefined();
});

test('a deployment that is older than this command line', async () => {
  answers(HEALTHY);
  documentsAre(ssm, 'metals-lab-stack-status');
  expect((await run()).error).toMatchObject({ code: 'other-version' });
});

/** One command to all nodes; who does not answer in time is told, and the others are heard. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { examineNodes } from '../../../../lib/cli/doctor/examine-nodes';

const mock = mockClient(SSMClient);
const ssm = new SSMClient({ region: 'eu-west-1' });
const ANSWER = readFileSync(join(__dirname, 'recorded/worker-1.json'), 'utf8');

/** Two nodes, whose invocations end as told. */
function nodesEnd(status: string, answers: Record<string, { Status: string; stdout?: string; stderr?: string }>): void {
  mock.reset();
  const ids = Object.keys(answers);
  mock.on(DescribeInstanceInformationCommand).resolves({
    InstanceInformationList: ids.map((InstanceId) => ({ InstanceId, PingStatus: 'Online' })),
  });
  mock.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1', TargetCount: ids.length } });
  mock.on(ListCommandsCommand).resolves({ Commands: [{ CommandId: 'c-1', Status: status as 'Success' }] });
  mock.on(ListCommandInvocationsCommand).resolves({
    CommandInvocations: ids.map((InstanceId) => ({ InstanceId, Status: answers[InstanceId]!.Status as 'Success' })),
  });
  mock.on(GetCommandInvocationCommand).callsFake(({ InstanceId }: { InstanceId: string }) => ({
    StandardOutputContent: answers[InstanceId]!.stdout ?? '',
    StandardErrorContent: answers[InstanceId]!.stderr ?? '',
  }));
}

const ask = (seconds: number) => examineNodes({ stage: 'lab' }, { ssm, region: 'eu-west-1' }, ['i-1', 'i-2'], seconds);

test('all answer', async () => {
  nodesEnd('Success', { 'i-1': { Status: 'Success', stdout: ANSWER }, 'i-2': { Status: 'Success', stdout: ANSWER } });
  expect(await ask(5)).toMatchObject({ nodes: [{ slot: 'worker-1' }, { slot: 'worker-1' }], silent: [] });
});

test('one does not answer in time, the other one is heard', async () => {
  nodesEnd('InProgress', { 'i-1': { Status: 'InProgress' }, 'i-2': { Status: 'Success', stdout: ANSWER } });
  expect(await ask(4)).toMatchObject({
    nodes: [{ slot: 'worker-1' }],
    silent: [{ instanceId: 'i-1', why: 'InProgress after 1 s: command c-1 on i-1' }],
  });
});

test('one fails, one answers something else', async () => {
  nodesEnd('Failed', {
    'i-1': {
      Status: 'Failed',
      stderr: 'a line\nerror: no space left on device\nfailed to run commands: exit status 1\n',
    },
    'i-2': { Status: 'Success', stdout: '{"stage":"lab"}' },
  });
  expect(await ask(5)).toEqual({
    nodes: [],
    silent: [
      { instanceId: 'i-1', why: 'error: no space left on device' },
      { instanceId: 'i-2', why: 'node-evidence answered "{\\"stage\\":\\"lab\\"}"' },
    ],
  });
});

test('nobody is there to be asked', async () => {
  mock.reset();
  expect(await examineNodes({ stage: 'lab' }, { ssm, region: 'eu-west-1' }, [], 5)).toEqual({ nodes: [], silent: [] });
  expect(mock.calls()).toHaveLength(0);
});

import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  InvalidInstanceId,
  InvocationDoesNotExist,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { Deadline } from '../../../lib/ssm/deadline';
import { readCommand, runCommand, sendCommand, waitForTargets } from '../../../lib/ssm/run-command';
import type { CommandProgress, CommandRequest } from '../../../lib/ssm/types';

const mock = mockClient(SSMClient);
const ssm = new SSMClient({ region: 'eu-west-1' });
const targets = [
  { key: 'tag:metals:stage', values: ['test'] },
  { key: 'tag:metals:slot', values: ['manager-1'] },
];
const request: CommandRequest = {
  documentName: 'metals-test-swarm-init',
  parameters: { Pool: '10.64.0.0/16' },
  targets,
  expectedInstanceCount: 1,
  timeoutSeconds: 60,
  comment: 'unit test',
};
const online = { InstanceId: 'i-1', PingStatus: 'Online' as const };
const throttled = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
const missing = new InvocationDoesNotExist({ message: 'no', $metadata: {} });

beforeEach(() => {
  mock.reset();
  jest.useFakeTimers();
});
afterEach(() => jest.useRealTimers());

/** Lets polling loops run without waiting for them. */
async function settle<T>(promise: Promise<T>): Promise<T> {
  let over = false;
  const watched = promise.finally(() => (over = true));
  // The assertion on `watched` comes later; until then a rejection is not unhandled.
  watched.catch(() => undefined);
  while (!over) await jest.advanceTimersByTimeAsync(500);
  return watched;
}

describe('waitForTargets', () => {
  test('waits until all instances are online, saying what it waits for', async () => {
    mock
      .on(DescribeInstanceInformationCommand)
      .resolvesOnce({ InstanceInformationList: [] })
      .resolvesOnce({ InstanceInformationList: [{ InstanceId: 'i-1', PingStatus: 'ConnectionLost' }] })
      .resolves({ InstanceInformationList: [online] });
    const reasons: string[] = [];
    const found = await settle(waitForTargets(ssm, targets, 1, new Deadline(30), (reason) => reasons.push(reason)));
    expect(found).toEqual(['i-1']);
    const wanted = 'tag:metals:stage=test and tag:metals:slot=manager-1';
    expect(reasons).toEqual([
      `0 of 1 instance(s) with ${wanted} online in Systems Manager`,
      `0 of 1 instance(s) with ${wanted} online in Systems Manager (i-1 is ConnectionLost)`,
    ]);
    expect(mock.commandCalls(DescribeInstanceInformationCommand)[0]!.args[0].input.Filters).toEqual([
      { Key: 'tag:metals:stage', Values: ['test'] },
      { Key: 'tag:metals:slot', Values: ['manager-1'] },
    ]);
  });

  test('reads all pages', async () => {
    mock
      .on(DescribeInstanceInformationCommand)
      .resolvesOnce({ InstanceInformationList: [{ InstanceId: 'i-2', PingStatus: 'Online' }], NextToken: 'more' })
      .resolves({ InstanceInformationList: [online] });
    expect(await settle(waitForTargets(ssm, targets, 2, new Deadline(5)))).toEqual(['i-1', 'i-2']);
  });

  test('gives up at the deadline with the last reason', async () => {
    mock.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [] });
    await expect(settle(waitForTargets(ssm, targets, 1, new Deadline(10)))).rejects.toThrow(
      /^waiting for 1 managed instance\(s\) with tag:metals:stage=test .* did not finish within 10 s: 0 of 1 instance/,
    );
  });
});

describe('sendCommand', () => {
  test('refuses an empty parameter, which may arrive as no variable at all', async () => {
    await expect(sendCommand(ssm, { ...request, parameters: { Pool: '', Other: 'x' } })).rejects.toThrow(
      'document metals-test-swarm-init: parameter Pool is empty; send "none" instead',
    );
    expect(mock.calls()).toHaveLength(0);
  });

  test('sends to the matching instances by id and returns the command id', async () => {
    mock.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [online] });
    mock.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1', TargetCount: 1 } });
    expect(await settle(sendCommand(ssm, { ...request, logGroupName: '/metals/test/documents' }))).toBe('c-1');
    expect(mock.commandCalls(SendCommandCommand)[0]!.args[0].input).toEqual({
      DocumentName: 'metals-test-swarm-init',
      InstanceIds: ['i-1'],
      Parameters: { Pool: ['10.64.0.0/16'] },
      Comment: 'unit test',
      TimeoutSeconds: 60,
      CloudWatchOutputConfig: { CloudWatchOutputEnabled: true, CloudWatchLogGroupName: '/metals/test/documents' },
    });
  });

  test('tries again on InvalidInstanceId', async () => {
    mock.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [online] });
    mock
      .on(SendCommandCommand)
      .rejectsOnce(new InvalidInstanceId({ message: 'not yet', $metadata: {} }))
      .resolves({ Command: { CommandId: 'c-1', TargetCount: 1 } });
    expect(await settle(sendCommand(ssm, request))).toBe('c-1');
  });

  test('sends nothing when the number of instances differs', async () => {
    const two = [online, { InstanceId: 'i-2', PingStatus: 'Online' as const }];
    mock.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: two });
    await expect(settle(sendCommand(ssm, request))).rejects.toThrow(/matches 2 online instance\(s\), expected 1/);
    expect(mock.commandCalls(SendCommandCommand)).toHaveLength(0);
  });

  test('cancels and throws when Systems Manager counts other targets', async () => {
    mock.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [online] });
    mock.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1', TargetCount: 0 } });
    mock.on(ListCommandsCommand).resolves({ Commands: [{ CommandId: 'c-1', TargetCount: 0 }] });
    mock.on(CancelCommandCommand).resolves({});
    await expect(settle(sendCommand(ssm, request))).rejects.toThrow('it targets 0 instance(s), expected 1');
    expect(mock.commandCalls(CancelCommandCommand)).toHaveLength(1);
  });

  test('accepts a count that arrives late', async () => {
    mock.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [online] });
    mock.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1', TargetCount: 0 } });
    mock
      .on(ListCommandsCommand)
      .resolvesOnce({ Commands: [] })
      .resolves({ Commands: [{ TargetCount: 1 }] });
    expect(await settle(sendCommand(ssm, request))).toBe('c-1');
  });

  test('passes other errors on', async () => {
    mock.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [online] });
    mock.on(SendCommandCommand).rejects(new Error('InvalidDocument: no such document'));
    await expect(settle(sendCommand(ssm, request))).rejects.toThrow('InvalidDocument');
  });
});

describe('readCommand', () => {
  const invocation = { CommandId: 'c-1', InstanceId: 'i-1', InstanceName: 'node', DocumentName: 'doc' };

  test('a command that is not listed yet is pending', async () => {
    mock.on(ListCommandsCommand).resolves({ Commands: [] });
    mock.on(ListCommandInvocationsCommand).resolves({ CommandInvocations: [] });
    expect(await settle(readCommand(ssm, 'c-1'))).toMatchObject({ status: 'Pending', done: false, succeeded: false });
  });

  test('reads no output while it runs', async () => {
    mock.on(ListCommandsCommand).resolves({ Commands: [{ Status: 'InProgress', DocumentName: 'doc' }] });
    mock.on(ListCommandInvocationsCommand).resolves({ CommandInvocations: [{ ...invocation, Status: 'InProgress' }] });
    const state = await settle(readCommand(ssm, 'c-1'));
    expect(state.done).toBe(false);
    expect(state.invocations).toMatchObject([{ instanceId: 'i-1', status: 'InProgress', exitCode: -1 }]);
    expect(mock.commandCalls(GetCommandInvocationCommand)).toHaveLength(0);
  });

  test('reads outputs once done, and asks again when an invocation does not exist yet', async () => {
    mock.on(ListCommandsCommand).resolves({ Commands: [{ Status: 'Success', DocumentName: 'doc' }] });
    mock.on(ListCommandInvocationsCommand).resolves({ CommandInvocations: [{ ...invocation, Status: 'Success' }] });
    mock
      .on(GetCommandInvocationCommand)
      .rejectsOnce(missing)
      .resolves({ ResponseCode: 0, StandardOutputContent: 'out', StandardErrorContent: 'err' });
    expect(await settle(readCommand(ssm, 'c-1'))).toEqual({
      commandId: 'c-1',
      documentName: 'doc',
      status: 'Success',
      done: true,
      succeeded: true,
      invocations: [
        { instanceId: 'i-1', instanceName: 'node', status: 'Success', exitCode: 0, stdout: 'out', stderr: 'err' },
      ],
    });
  });

  test('output that never appears is said, not waited for for ever', async () => {
    mock.on(ListCommandsCommand).resolves({ Commands: [{ Status: 'Failed', DocumentName: 'doc' }] });
    mock.on(ListCommandInvocationsCommand).resolves({ CommandInvocations: [{ ...invocation, Status: 'Failed' }] });
    mock.on(GetCommandInvocationCommand).rejects(missing);
    const state = await settle(readCommand(ssm, 'c-1'));
    expect(state.invocations[0]!.stderr).toBe('(no output: InvocationDoesNotExist)');
  });

  test('a success on no instance is not a success', async () => {
    mock.on(ListCommandsCommand).resolves({ Commands: [{ Status: 'Success', DocumentName: 'doc' }] });
    mock.on(ListCommandInvocationsCommand).resolves({ CommandInvocations: [] });
    expect(await settle(readCommand(ssm, 'c-1'))).toMatchObject({ done: true, succeeded: false });
  });
});

describe('runCommand', () => {
  beforeEach(() => {
    mock.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [online] });
    mock.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1', TargetCount: 1 } });
  });

  test('polls until the command is over and reports what runs', async () => {
    mock
      .on(ListCommandsCommand)
      .resolvesOnce({ Commands: [{ Status: 'InProgress' }] })
      .resolves({ Commands: [{ Status: 'Failed' }] });
    mock
      .on(ListCommandInvocationsCommand)
      .resolvesOnce({ CommandInvocations: [{ InstanceId: 'i-1', InstanceName: 'node', Status: 'InProgress' }] })
      .resolves({ CommandInvocations: [{ InstanceId: 'i-1', InstanceName: 'node', Status: 'Failed' }] });
    mock.on(GetCommandInvocationCommand).resolves({ ResponseCode: 3, StandardErrorContent: 'why' });
    const seen: CommandProgress[] = [];
    const state = await settle(runCommand(ssm, request, (progress) => seen.push(progress)));
    expect(state).toMatchObject({ done: true, succeeded: false, invocations: [{ exitCode: 3, stderr: 'why' }] });
    expect(seen.map((progress) => progress.reason)).toEqual(['sent', 'node InProgress']);
    expect(seen.every((progress) => progress.commandId === 'c-1')).toBe(true);
  });

  test('a command that does not end in time is named in the error', async () => {
    mock.on(ListCommandsCommand).resolves({ Commands: [{ Status: 'InProgress' }] });
    mock.on(ListCommandInvocationsCommand).resolves({ CommandInvocations: [] });
    await expect(settle(runCommand(ssm, { ...request, timeoutSeconds: 20 }))).rejects.toThrow(
      'command c-1 (metals-test-swarm-init) did not finish within 20 s: InProgress',
    );
  });

  test('goes on where Systems Manager throttles, whichever call it refuses', async () => {
    mock
      .on(DescribeInstanceInformationCommand)
      .rejectsOnce(throttled)
      .resolves({ InstanceInformationList: [online] });
    mock
      .on(SendCommandCommand)
      .rejectsOnce(throttled)
      .resolves({ Command: { CommandId: 'c-1', TargetCount: 1 } });
    mock
      .on(ListCommandsCommand)
      .rejectsOnce(throttled)
      .resolves({ Commands: [{ Status: 'Success' }] });
    mock
      .on(ListCommandInvocationsCommand)
      .rejectsOnce(throttled)
      .resolves({ CommandInvocations: [{ InstanceId: 'i-1', Status: 'Success' }] });
    mock.on(GetCommandInvocationCommand).rejectsOnce(throttled).resolves({ ResponseCode: 0 });
    const reasons: string[] = [];
    const state = await settle(runCommand(ssm, request, ({ reason }) => reasons.push(reason)));
    expect(state.succeeded).toBe(true);
    expect(reasons).toContain('ThrottlingException: Rate exceeded');
    expect(mock.commandCalls(SendCommandCommand)).toHaveLength(2);
  });

  test('a document that the agent did not begin is explained in the agent’s words', async () => {
    mock.on(ListCommandsCommand).resolves({ Commands: [{ Status: 'Failed' }] });
    const entry = { InstanceId: 'i-1', Status: 'Failed' as const, TraceOutput: 'invalid repeat count: `{0,99}`' };
    mock.on(ListCommandInvocationsCommand).resolves({ CommandInvocations: [entry] });
    mock.on(GetCommandInvocationCommand).resolves({ ResponseCode: -1, StandardErrorContent: '' });
    const state = await settle(runCommand(ssm, request));
    expect(state.invocations).toMatchObject([{ exitCode: -1, stderr: 'invalid repeat count: `{0,99}`' }]);
  });
});

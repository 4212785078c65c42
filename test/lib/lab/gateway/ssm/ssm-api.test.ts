import type { CommandRecord } from '../../../../../lib/lab/gateway/ssm/command-records';
import { commandView } from '../../../../../lib/lab/gateway/ssm/command-views';
import { createSsm } from '../../../../../lib/lab/gateway/ssm/ssm-api';
import { Associations, type AssociationsData } from '../../../../../lib/lab/gateway/ssm/associations';
import { Commands } from '../../../../../lib/lab/gateway/ssm/commands';
import { Documents, type DocumentsData } from '../../../../../lib/lab/gateway/ssm/documents';
import { NodeSessions } from '../../../../../lib/lab/gateway/session-manager/node-sessions';
import { managedNode, noLog, removeStores, temporaryRecords, temporaryStore } from '../support/fixtures';
import type { LabRequest } from '../../../../../lib/lab/gateway/types';

afterEach(removeStores);

function setUp({ acceptsCommands = true } = {}) {
  const nodes = {
    list: () => [
      managedNode({ acceptsCommands }),
      managedNode({ id: 'i-0b', container: 'metals-lab-i-0b', online: false }),
    ],
  };
  const effects = {
    runStep: async () => ({ exitCode: 0, stdout: 'hello\n', stderr: '', ended: 'exited' as const }),
    stopStep: async () => undefined,
    ship: async () => undefined,
  };
  const documents = new Documents(temporaryStore<DocumentsData>({ documents: {} }));
  const commands = new Commands(temporaryRecords(), documents, nodes, effects, noLog);
  const store = temporaryStore<AssociationsData>({ associations: {} });
  const associations = new Associations(store, documents, commands, nodes, noLog);
  const sessions = new NodeSessions(nodes, () => Promise.reject(new Error('no plugin comes')), noLog);
  const ssm = createSsm({ documents, commands, associations, nodes, sessions });
  return async (action: string, params: object = {}) => {
    const message = { headers: { host: '127.0.0.1:4566' } };
    const reply = await ssm({ service: 'ssm', action, params, message } as unknown as LabRequest);
    return reply && JSON.parse(reply.body);
  };
}

test.each([
  'StartAutomationExecution',
  'CreateMaintenanceWindow',
  'GetOpsItem',
  'PutInventory',
  'CreateAssociationBatch',
])('%s is refused: the emulator would only pretend it', async (action) => {
  await expect(setUp()(action)).rejects.toThrow(`the lab does not implement ssm:${action}`);
});

test('a session is begun, seen, resumed and ended', async () => {
  const call = setUp();
  const { SessionId, StreamUrl, TokenValue } = await call('StartSession', { Target: 'i-0a' });
  expect(StreamUrl).toBe(`ws://127.0.0.1:4566/v1/data-channel/${SessionId}?role=publish_subscribe`);
  expect(await call('DescribeSessions', { State: 'Active' })).toMatchObject({
    Sessions: [{ SessionId, Target: 'i-0a' }],
  });
  expect((await call('ResumeSession', { SessionId })).TokenValue).not.toBe(TokenValue);
  expect(await call('TerminateSession', { SessionId })).toEqual({ SessionId });
  expect(await call('DescribeSessions', { State: 'Active' })).toEqual({ Sessions: [] });
  await expect(call('StartSession', { Target: 'i-0b' })).rejects.toThrow('i-0b is not connected.');
});

test.each([
  'GetParameter',
  'GetParameters',
  'GetParametersByPath',
  'PutParameter',
  'DeleteParameters',
  'DescribeParameters',
])('%s is ministack’s', async (action) => {
  expect(await setUp()(action, { Name: 'x' })).toBeUndefined();
});

test('tags of parameters are ministack’s, those of documents the lab’s', async () => {
  const call = setUp();
  expect(await call('ListTagsForResource', { ResourceType: 'Parameter', ResourceId: '/a' })).toBeUndefined();
  await expect(call('ListTagsForResource', { ResourceType: 'PatchBaseline', ResourceId: 'pb' })).rejects.toThrow(
    "resource type 'PatchBaseline'",
  );
});

test('describes managed nodes with their state, by filter', async () => {
  const call = setUp();
  const all = await call('DescribeInstanceInformation', {});
  expect(all.InstanceInformationList.map((each: { PingStatus: string }) => each.PingStatus)).toEqual([
    'Online',
    'ConnectionLost',
  ]);
  const online = await call('DescribeInstanceInformation', { Filters: [{ Key: 'PingStatus', Values: ['Online'] }] });
  expect(online.InstanceInformationList).toMatchObject([{ InstanceId: 'i-0a' }]);
  await expect(call('DescribeInstanceInformation', { Filters: [{ Key: 'Colour', Values: ['red'] }] })).rejects.toThrow(
    "filter 'Colour'; the lab knows",
  );
});

test('sends, lists and answers a command', async () => {
  const call = setUp();
  const sent = await call('SendCommand', {
    DocumentName: 'AWS-RunShellScript',
    InstanceIds: ['i-0a'],
    Parameters: { commands: ['echo hello'] },
  });
  const { CommandId } = sent.Command;
  for (let i = 0; i < 10; i++) await new Promise(setImmediate);
  const listed = await call('ListCommands', { CommandId });
  expect(listed.Commands).toMatchObject([{ Status: 'Success', TargetCount: 1, CompletedCount: 1 }]);
  expect(await call('GetCommandInvocation', { CommandId, InstanceId: 'i-0a' })).toMatchObject({
    Status: 'Success',
    ResponseCode: 0,
    StandardOutputContent: 'hello\n',
  });
  await expect(call('GetCommandInvocation', { CommandId, InstanceId: 'i-0b' })).rejects.toMatchObject({
    code: 'InvocationDoesNotExist',
  });
  await expect(call('ListCommands', { CommandId: 'none' })).rejects.toMatchObject({ code: 'InvalidCommandId' });
});

test('a node that has just registered is Online, and unknown to SendCommand', async () => {
  const call = setUp({ acceptsCommands: false });
  const described = await call('DescribeInstanceInformation', { Filters: [{ Key: 'InstanceIds', Values: ['i-0a'] }] });
  expect(described.InstanceInformationList).toMatchObject([{ PingStatus: 'Online' }]);
  const document = { DocumentName: 'AWS-RunShellScript', Parameters: { commands: ['true'] } };
  await expect(call('SendCommand', { ...document, InstanceIds: ['i-0a'] })).rejects.toMatchObject({
    code: 'InvalidInstanceId',
  });
  // By tag it looks like a success.
  const byTag = await call('SendCommand', { ...document, Targets: [{ Key: 'InstanceIds', Values: ['i-0a'] }] });
  expect(byTag.Command).toMatchObject({ TargetCount: 0 });
});

test.each([
  ['InProgress', 100_900, 0],
  ['InProgress', 101_000, 1],
  ['Success', 100_100, 1],
] as const)('the targets of a command that is %s are counted at %s ms: %s', (status, now, count) => {
  const command = { status, requestedTime: 100, invocations: { 'i-0a': { status } } } as unknown as CommandRecord;
  expect(commandView(command, now)).toMatchObject({ TargetCount: count });
});

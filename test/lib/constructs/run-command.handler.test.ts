import { CloudFormationClient, DescribeStacksCommand, type StackStatus } from '@aws-sdk/client-cloudformation';
import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { type CommandProperties, look, requestFor, start } from '../../../lib/constructs/run-command.handler';

const properties: CommandProperties = {
  DocumentName: 'metals-lab-stack-deploy',
  DocumentHash: 'abc',
  OnDeleteDocumentName: 'metals-lab-stack-remove',
  OnDeleteParameters: {},
  OnDeleteWhen: 'always',
  TargetTag: 'metals:slot',
  TargetValues: 'manager-1',
  Stage: 'lab',
  ExpectedInstanceCount: '1',
  OnlineTimeoutSeconds: '1',
  TimeoutSeconds: '60',
  LogGroupName: '/metals/lab/documents',
  Parameters: { Stage: 'lab' },
};
const event = {
  RequestType: 'Create' as const,
  StackId: 'arn:stack',
  LogicalResourceId: 'RunStackDeploy',
  ResourceProperties: properties,
};
const online = { InstanceInformationList: [{ InstanceId: 'i-1', PingStatus: 'Online' as const }] };

const ssm = mockClient(SSMClient);
const client = new SSMClient({});
const cloudFormation = mockClient(CloudFormationClient);
const stacks = new CloudFormationClient({});
beforeEach(() => {
  ssm.reset();
  cloudFormation.reset();
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
});

describe('start', () => {
  it('fails with what it waited for when no node comes online', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [] });
    await expect(start(event, client, stacks)).rejects.toThrow(/0 of 1 instance/);
    expect(ssm.commandCalls(SendCommandCommand)).toHaveLength(0);
  });

  it('gives CloudFormation its text once, and no frames of the framework', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves(online);
    ssm.on(SendCommandCommand).rejects(new Error('InvalidDocument\nsecond line'));
    const error = await start(event, client, stacks).catch((thrown: Error) => thrown);
    expect((error as Error).stack).toBe('metals-lab-stack-deploy could not be sent: InvalidDocument');
    expect((error as Error).message).toBe('metals-lab-stack-deploy could not be sent: InvalidDocument\nsecond line');
  });

  it('returns the command id for the waiter', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves(online);
    ssm.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1', TargetCount: 1 } });
    const started = await start(event, client, stacks);
    expect(started).toMatchObject({
      PhysicalResourceId: 'metals-lab-stack-deploy/RunStackDeploy',
      Data: { CommandId: 'c-1' },
    });
  });

  it('does not wait for nodes that are gone when it is deleted', async () => {
    const gone = { ...event, ResourceProperties: { ...properties, OnDeleteDocumentName: '' } };
    const started = await start({ ...gone, RequestType: 'Delete', PhysicalResourceId: 'p' }, client, stacks);
    expect(started).toEqual({ PhysicalResourceId: 'p', Data: { CommandId: '', SentAt: '' } });
    expect(await look({ ...event, RequestType: 'Delete', Data: started.Data }, client)).toEqual({ IsComplete: true });
    expect(ssm.calls()).toHaveLength(0);
  });
});

describe('a slot that goes', () => {
  const leaving = {
    ...event,
    RequestType: 'Delete' as const,
    PhysicalResourceId: 'p',
    ResourceProperties: {
      ...properties,
      DocumentName: '',
      OnDeleteDocumentName: 'metals-lab-swarm-leave',
      OnDeleteParameters: { Slot: 'worker-3' },
      OnDeleteWhen: 'removed' as const,
      TargetValues: 'manager-1,worker-3',
      ExpectedInstanceCount: '2',
    },
  };
  const stackIs = (StackStatus: StackStatus) =>
    cloudFormation.on(DescribeStacksCommand, { StackName: 'arn:stack' }).resolves({
      Stacks: [{ StackName: 'metals-lab-swarm', CreationTime: new Date(), StackStatus }],
    });
  const instances = (...ids: string[]) =>
    ssm.on(DescribeInstanceInformationCommand).resolves({
      InstanceInformationList: ids.map((InstanceId) => ({ InstanceId, PingStatus: 'Online' as const })),
    });
  const sentTo = () => ssm.commandCalls(SendCommandCommand).map((call) => call.args[0].input.InstanceIds);

  beforeEach(() => {
    ssm.on(SendCommandCommand).callsFake((input: { InstanceIds: string[] }) => ({
      Command: { CommandId: 'c-1', TargetCount: input.InstanceIds.length },
    }));
    jest.useFakeTimers({ advanceTimers: true, now: Date.now() });
  });
  afterEach(() => jest.useRealTimers());

  it.each<StackStatus>(['UPDATE_COMPLETE_CLEANUP_IN_PROGRESS', 'UPDATE_IN_PROGRESS', 'UPDATE_ROLLBACK_IN_PROGRESS'])(
    'leaves the Swarm while its stack is %s',
    async (status) => {
      stackIs(status);
      instances('i-1', 'i-3');
      expect((await start(leaving, client, stacks)).Data.CommandId).toBe('c-1');
      expect(ssm.commandCalls(SendCommandCommand)[0]?.args[0].input).toMatchObject({
        DocumentName: 'metals-lab-swarm-leave',
        Parameters: { Slot: ['worker-3'] },
        InstanceIds: ['i-1', 'i-3'],
      });
    },
  );

  it.each<StackStatus>(['DELETE_IN_PROGRESS', 'ROLLBACK_IN_PROGRESS'])(
    'stays a member when the stack is %s: its volume comes back with it',
    async (status) => {
      stackIs(status);
      instances('i-1', 'i-3');
      expect((await start(leaving, client, stacks)).Data.CommandId).toBe('');
      expect(sentTo()).toEqual([]);
    },
  );

  it('is forgotten by the manager when its instance is gone', async () => {
    stackIs('UPDATE_IN_PROGRESS');
    instances('i-1');
    const started = start(leaving, client, stacks);
    await jest.advanceTimersByTimeAsync(20_000);
    expect((await started).Data.CommandId).toBe('c-1');
    expect(sentTo()).toEqual([['i-1']]);
  });

  it('needs nothing when every node is gone', async () => {
    stackIs('UPDATE_IN_PROGRESS');
    instances();
    const started = start(leaving, client, stacks);
    await jest.advanceTimersByTimeAsync(20_000);
    expect((await started).Data.CommandId).toBe('');
  });

  it('is a failure, not a silence, when the stack cannot be read', async () => {
    cloudFormation.on(DescribeStacksCommand).rejects(new Error('AccessDenied'));
    await expect(start(leaving, client, stacks)).rejects.toThrow(
      'metals-lab-swarm-leave could not be sent: AccessDenied',
    );
  });

  it('sends nothing when the slot comes', async () => {
    const comes = { ...leaving, RequestType: 'Create' as const, PhysicalResourceId: undefined };
    expect(await start(comes, client, stacks)).toEqual({
      PhysicalResourceId: 'metals-lab-swarm-leave/RunStackDeploy',
      Data: { CommandId: '', SentAt: '' },
    });
    expect(ssm.calls()).toHaveLength(0);
  });
});

describe('one manager of several', () => {
  /** By id: whether it is online, its slot, and how it answers the probe. */
  type Node = readonly [id: string, slot: string, answer: 'Success' | 'Failed'];
  const ofManagers = {
    ...event,
    ResourceProperties: {
      ...properties,
      TargetValues: 'manager-1,manager-2,manager-3',
      ManagerProbe: 'metals-lab-stack-status',
    },
  };
  const leaving = {
    ...ofManagers,
    RequestType: 'Delete' as const,
    PhysicalResourceId: 'p',
    ResourceProperties: {
      ...ofManagers.ResourceProperties,
      OnDeleteDocumentName: 'metals-lab-swarm-leave',
      OnDeleteWhen: 'removed' as const,
      AlsoSlot: 'worker-3',
    },
  };
  const removing = { ...ofManagers, RequestType: 'Delete' as const, PhysicalResourceId: 'p' };

  function given(...nodes: Node[]): void {
    ssm
      .on(DescribeInstanceInformationCommand)
      .callsFake(({ Filters }: { Filters: { Key: string; Values: string[] }[] }) => {
        const matches = ([id, slot]: Node): boolean =>
          Filters.every(
            ({ Key, Values }) => Key === 'tag:metals:stage' || Values.includes(Key === 'InstanceIds' ? id : slot),
          );
        return {
          InstanceInformationList: nodes.filter(matches).map(([InstanceId]) => ({ InstanceId, PingStatus: 'Online' })),
        };
      });
    let count = 0;
    let asked: string[] = [];
    ssm.on(SendCommandCommand).callsFake(({ InstanceIds }: { InstanceIds: string[] }) => {
      asked = InstanceIds;
      count += 1;
      return { Command: { CommandId: `c-${count}`, TargetCount: InstanceIds.length } };
    });
    const answerOf = (id: string) => nodes.find(([node]) => node === id)![2];
    ssm.on(ListCommandsCommand).callsFake(() => ({
      Commands: [
        {
          DocumentName: 'metals-lab-stack-status',
          Status: asked.every((id) => answerOf(id) === 'Success') ? 'Success' : 'Failed',
        },
      ],
    }));
    ssm.on(ListCommandInvocationsCommand).callsFake(() => ({
      CommandInvocations: asked.map((id) => ({ CommandId: 'c-1', InstanceId: id, Status: answerOf(id) })),
    }));
    ssm.on(GetCommandInvocationCommand).resolves({ ResponseCode: 1, StandardErrorContent: 'error: no quorum' });
  }
  const sent = () =>
    ssm
      .commandCalls(SendCommandCommand)
      .map(({ args }) => `${args[0].input.DocumentName} ${args[0].input.InstanceIds!.join()}`);

  it('gets the document where it can speak for the Swarm, manager-1 if it can', async () => {
    given(['i-1', 'manager-1', 'Success'], ['i-2', 'manager-2', 'Success'], ['i-3', 'manager-3', 'Success']);
    expect((await start(ofManagers, client, stacks)).Data.CommandId).toBe('c-2');
    expect(sent()).toEqual(['metals-lab-stack-status i-1,i-2,i-3', 'metals-lab-stack-deploy i-1']);
  });

  it('is another one while manager-1 cannot', async () => {
    given(['i-1', 'manager-1', 'Failed'], ['i-2', 'manager-2', 'Success'], ['i-3', 'manager-3', 'Failed']);
    await start(ofManagers, client, stacks);
    expect(sent()[1]).toBe('metals-lab-stack-deploy i-2');
  });

  it('fails with what they said while none can', async () => {
    given(['i-1', 'manager-1', 'Failed'], ['i-2', 'manager-2', 'Failed']);
    await expect(start(ofManagers, client, stacks)).rejects.toThrow(
      /^metals-lab-stack-deploy could not be sent: none of 2 managers [^]*i-1: no quorum\n {2}i-2: no quorum\n/,
    );
    expect(sent()).toHaveLength(1);
  });

  it('lets a node go with that node, and, where none can speak for the Swarm, tries all the same', async () => {
    cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [] });
    given(['i-1', 'manager-1', 'Failed'], ['i-2', 'manager-2', 'Success'], ['i-9', 'worker-3', 'Success']);
    await start(leaving, client, stacks);
    expect(sent()[1]).toBe('metals-lab-swarm-leave i-2,i-9');
    ssm.reset();
    given(['i-1', 'manager-1', 'Failed'], ['i-2', 'manager-2', 'Failed'], ['i-9', 'worker-3', 'Success']);
    await start(leaving, client, stacks);
    expect(sent()[1]).toBe('metals-lab-swarm-leave i-1,i-9');
  });

  it.each([
    ['of several', [['i-1', 'manager-1', 'Failed'] as const, ['i-2', 'manager-2', 'Failed'] as const]],
    ['that is there alone', [['i-1', 'manager-1', 'Failed'] as const]],
  ])('keeps no stack from being destroyed where none %s can speak for the Swarm', async (_, nodes) => {
    given(...nodes);
    expect((await start(removing, client, stacks)).Data.CommandId).toBe('');
    expect(sent()).toEqual([`metals-lab-stack-status ${nodes.map(([id]) => id).join()}`]);
  });

  it('removes the stack where it can, also when it is alone', async () => {
    given(['i-1', 'manager-1', 'Success']);
    expect((await start(removing, client, stacks)).Data.CommandId).toBe('c-2');
    expect(sent()[1]).toBe('metals-lab-stack-remove i-1');
  });

  it('is needed by nobody where all nodes are gone', async () => {
    cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [] });
    given();
    jest.useFakeTimers({ advanceTimers: true, now: Date.now() });
    const started = start(leaving, client, stacks);
    await jest.advanceTimersByTimeAsync(20_000);
    jest.useRealTimers();
    expect((await started).Data.CommandId).toBe('');
    expect(sent()).toEqual([]);
  });
});

it('sends the other document, without parameters, when it is deleted', () => {
  expect(requestFor({ ...event, RequestType: 'Delete' })).toMatchObject({
    documentName: 'metals-lab-stack-remove',
    parameters: {},
  });
});

it('targets the stage as well as the slot', () => {
  expect(requestFor(event).targets).toEqual([
    { key: 'tag:metals:stage', values: ['lab'] },
    { key: 'tag:metals:slot', values: ['manager-1'] },
  ]);
});

describe('look', () => {
  const sent = { ...event, Data: { CommandId: 'c-1', SentAt: new Date().toISOString() } };

  it('explains a failure with the end of stderr', async () => {
    ssm.on(ListCommandsCommand).resolves({
      Commands: [{ CommandId: 'c-1', DocumentName: 'metals-lab-stack-deploy', Status: 'Failed' }],
    });
    ssm.on(ListCommandInvocationsCommand).resolves({
      CommandInvocations: [
        { CommandId: 'c-1', InstanceId: 'i-1', InstanceName: 'metals-lab-manager-1', Status: 'Failed' },
      ],
    });
    ssm.on(GetCommandInvocationCommand).resolves({
      Status: 'Failed',
      ResponseCode: 1,
      StandardErrorContent: 'error: service producer: 0 of 1 replicas',
    });
    await expect(look(sent, client)).rejects.toThrow(/metals-lab-manager-1[\s\S]*service producer: 0 of 1 replicas/);
  });

  it('looks again where Systems Manager throttles, until its own time is over', async () => {
    const throttled = Object.assign(new Error('Rate exceeded'), { name: 'ThrottlingException' });
    ssm.on(ListCommandsCommand).rejects(throttled);
    expect(await look(sent, client)).toEqual({ IsComplete: false });
    const late = { ...sent, Data: { CommandId: 'c-1', SentAt: new Date(Date.now() - 61_000).toISOString() } };
    await expect(look(late, client)).rejects.toThrow(
      'metals-lab-stack-deploy is still throttled by Systems Manager after 61 s',
    );
  });

  it('gives up by itself, because the framework would say only that it timed out', async () => {
    ssm.on(ListCommandsCommand).resolves({
      Commands: [{ CommandId: 'c-1', DocumentName: 'metals-lab-stack-deploy', Status: 'InProgress' }],
    });
    ssm.on(ListCommandInvocationsCommand).resolves({ CommandInvocations: [] });
    const late = { ...sent, Data: { CommandId: 'c-1', SentAt: new Date(Date.now() - 61_000).toISOString() } };
    await expect(look(late, client)).rejects.toThrow('metals-lab-stack-deploy is still InProgress after 61 s');
    expect(await look(sent, client)).toEqual({ IsComplete: false });
  });
});

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
  TargetTag: 'metals:slot',
  TargetValues: 'manager-1',
  Stage: 'lab',
  ExpectedInstanceCount: '1',
  OnlineTimeoutSeconds: '1',
  TimeoutSeconds: '60',
  LogGroupName: '/metals/lab/documents',
  Parameters: { Stage: 'lab' },
};
const event = { RequestType: 'Create' as const, LogicalResourceId: 'RunStackDeploy', ResourceProperties: properties };
const online = { InstanceInformationList: [{ InstanceId: 'i-1', PingStatus: 'Online' as const }] };

const ssm = mockClient(SSMClient);
const client = new SSMClient({});
beforeEach(() => {
  ssm.reset();
  jest.spyOn(console, 'log').mockImplementation(() => undefined);
});

describe('start', () => {
  it('fails with what it waited for when no node comes online', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves({ InstanceInformationList: [] });
    await expect(start(event, client)).rejects.toThrow(/0 of 1 instance/);
    expect(ssm.commandCalls(SendCommandCommand)).toHaveLength(0);
  });

  it('carries no stack trace, which would fill the CloudFormation event', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves(online);
    ssm.on(SendCommandCommand).rejects(new Error('InvalidDocument'));
    const error = await start(event, client).catch((thrown: Error) => thrown);
    expect((error as Error).stack).toBe((error as Error).message);
    expect((error as Error).message).toBe('metals-lab-stack-deploy could not be sent: InvalidDocument');
  });

  it('returns the command id for the waiter', async () => {
    ssm.on(DescribeInstanceInformationCommand).resolves(online);
    ssm.on(SendCommandCommand).resolves({ Command: { CommandId: 'c-1', TargetCount: 1 } });
    const started = await start(event, client);
    expect(started).toMatchObject({
      PhysicalResourceId: 'metals-lab-stack-deploy/RunStackDeploy',
      Data: { CommandId: 'c-1' },
    });
  });

  it('does not wait for nodes that are gone when it is deleted', async () => {
    const gone = { ...event, ResourceProperties: { ...properties, OnDeleteDocumentName: '' } };
    const started = await start({ ...gone, RequestType: 'Delete', PhysicalResourceId: 'p' }, client);
    expect(started).toEqual({ PhysicalResourceId: 'p', Data: { CommandId: '', SentAt: '' } });
    expect(await look({ ...event, RequestType: 'Delete', Data: started.Data }, client)).toEqual({ IsComplete: true });
    expect(ssm.calls()).toHaveLength(0);
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

import {
  CloudFormationClient,
  DescribeStacksCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeInstancesCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DescribeParametersCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { readContext } from '../../../lib/cli/context';
import { readStageContents } from '../../../lib/cli/stage-contents';
import { fakeIo, LAB_ENV } from './fake-io';

const stacks = mockClient(CloudFormationClient);
const ec2 = mockClient(EC2Client);
const ssm = mockClient(SSMClient);
const logs = mockClient(CloudWatchLogsClient);
const secrets = mockClient(SecretsManagerClient);

const TEMPLATE = {
  Resources: {
    worker1: { Type: 'Custom::KeptVolume', Properties: { OnDelete: 'keep', Holds: 'kafka,mongodb' } },
    worker2: { Type: 'Custom::KeptVolume', Properties: { OnDelete: 'delete' } },
    Logs: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'RetainExceptOnCreate' },
    Gone: { Type: 'AWS::SNS::Topic' },
  },
};

beforeEach(() => {
  for (const client of [stacks, ec2, ssm, logs, secrets]) client.reset();
  stacks.on(DescribeStacksCommand).resolves({
    Stacks: [
      {
        StackName: 'metals-lab-data',
        StackStatus: 'CREATE_COMPLETE',
        EnableTerminationProtection: true,
        CreationTime: new Date(0),
      },
      { StackName: 'metals-labour-data', StackStatus: 'CREATE_COMPLETE', CreationTime: new Date(0) },
    ],
  });
  stacks.on(GetTemplateCommand).resolves({ TemplateBody: JSON.stringify(TEMPLATE) });
  const resource = (
    LogicalResourceId: string,
    ResourceType: string,
    ResourceStatus: 'CREATE_COMPLETE' | 'DELETE_COMPLETE' = 'CREATE_COMPLETE',
  ) => ({
    ...{
      LogicalResourceId,
      ResourceType,
      ResourceStatus,
      PhysicalResourceId: `id-${LogicalResourceId}`,
      LastUpdatedTimestamp: new Date(0),
    },
  });
  stacks.on(ListStackResourcesCommand).resolves({
    StackResourceSummaries: [
      resource('worker1', 'Custom::KeptVolume'),
      resource('worker2', 'Custom::KeptVolume'),
      resource('Logs', 'AWS::S3::Bucket'),
      resource('Gone', 'AWS::SNS::Topic', 'DELETE_COMPLETE'),
    ],
  });
  ec2.on(DescribeInstancesCommand).resolves({
    Reservations: [{ Instances: [{ InstanceId: 'i-1', Tags: [{ Key: 'metals:slot', Value: 'worker-1' }] }] }],
  });
  ec2.on(DescribeVolumesCommand).resolves({ Volumes: [] });
  ec2.on(DescribeSnapshotsCommand).resolves({ Snapshots: [] });
  ssm.on(DescribeParametersCommand).resolves({ Parameters: [{ Name: '/metals/lab/swarm/claim' }] });
  logs.on(DescribeLogGroupsCommand).resolves({ logGroups: [{ logGroupName: '/metals/lab/documents' }] });
  secrets.on(ListSecretsCommand).resolves({ SecretList: [] });
});

const read = () =>
  readStageContents(
    readContext({ color: false }, fakeIo(LAB_ENV), new AbortController().signal),
    'eu-west-1',
    'nothing was destroyed',
  );

test('what outlives its stack is known from the template as it was deployed', async () => {
  const contents = await read();
  expect(contents.stacks).toEqual([
    {
      ...{ name: 'metals-lab-data', status: 'CREATE_COMPLETE', isProtected: true },
      resources: [
        { type: 'Custom::KeptVolume', physicalId: 'id-worker1', isKept: true, holds: ['kafka', 'mongodb'] },
        { type: 'Custom::KeptVolume', physicalId: 'id-worker2', isKept: false, holds: [] },
        { type: 'AWS::S3::Bucket', physicalId: 'id-Logs', isKept: true, holds: [] },
      ],
    },
  ]);
  expect(contents).toMatchObject({
    instances: [{ id: 'i-1', slot: 'worker-1' }],
    parameters: ['/metals/lab/swarm/claim'],
    logGroups: ['/metals/lab/documents'],
  });
});

test('instances that have ended do not count, and no value of a parameter is read', async () => {
  await read();
  const filters = ec2.commandCalls(DescribeInstancesCommand)[0]!.args[0].input.Filters;
  expect(filters).toContainEqual({
    Name: 'instance-state-name',
    Values: ['pending', 'running', 'stopping', 'stopped'],
  });
  expect(ssm.calls().map(({ args: [command] }) => command.constructor.name)).toEqual(['DescribeParametersCommand']);
});

test('where something may not be seen, nothing is promised', async () => {
  ec2.on(DescribeVolumesCommand).rejects(Object.assign(new Error('no'), { name: 'UnauthorizedOperation' }));
  await expect(read()).rejects.toMatchObject({
    code: 'forbidden',
    why: 'the right to ec2:DescribeVolumes is missing, without which it is not known what is there',
  });
});

import { CloudFormationClient, DescribeStacksCommand, ListStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogsClient, DescribeLogGroupsCommand } from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeAddressesCommand,
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRegionsCommand,
  DescribeRouteTablesCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  EC2Client,
  GetEbsDefaultKmsKeyIdCommand,
} from '@aws-sdk/client-ec2';
import { DescribeSecretCommand, ListSecretsCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { componentsFor } from '../../../lib/stacks/pipeline';
import { baseOf } from '../../../lib/constructs/component-image';
import { basesOf, exitCodeOf, runPreflight, type PreflightInput } from '../../../lib/preflight';
import type { TryProgram } from '../../../lib/program';
import { EXISTING, EXTERNAL } from '../../../scripts/option-sets';

const [cloudFormation, ec2, logs, quotas, secrets, ssm, sts] = [
  mockClient(CloudFormationClient),
  mockClient(EC2Client),
  mockClient(CloudWatchLogsClient),
  mockClient(ServiceQuotasClient),
  mockClient(SecretsManagerClient),
  mockClient(SSMClient),
  mockClient(STSClient),
] as const;

const named = (name: string, message = name): Error => Object.assign(new Error(message), { name });
const ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];
const docker: TryProgram = (_program, args) =>
  Promise.resolve({ succeeded: true, stdout: args[0] === 'version' ? '28.0.1\n' : '{}', problem: '' });
const input = (changes: Partial<PreflightInput> = {}): PreflightInput => ({
  region: 'eu-west-1',
  profile: undefined,
  endpoint: undefined,
  env: {},
  context: { amiId: 'ami-0123456789abcdef0' },
  what: 'the preflight could not be made',
  signal: new AbortController().signal,
  run: docker,
  ...changes,
});

beforeEach(() => {
  for (const mock of [cloudFormation, ec2, logs, quotas, secrets, ssm, sts]) mock.reset();
  sts.on(GetCallerIdentityCommand).resolves({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/me' });
  sts.on(AssumeRoleCommand).resolves({});
  ssm.on(GetParameterCommand).resolves({ Parameter: { Value: '28' } });
  cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [] });
  cloudFormation.on(ListStackResourcesCommand).resolves({ StackResourceSummaries: [] });
  logs.on(DescribeLogGroupsCommand).resolves({ logGroups: [] });
  secrets.on(ListSecretsCommand).resolves({ SecretList: [] });
  secrets.on(DescribeSecretCommand).rejects(named('ResourceNotFoundException'));
  quotas.on(GetServiceQuotaCommand).resolves({ Quota: { Value: 64 } });
  ec2.on(DescribeVolumesCommand).resolves({ Volumes: [] });
  ec2.on(DescribeSnapshotsCommand).resolves({ Snapshots: [] });
  ec2.on(DescribeAvailabilityZonesCommand).resolves({
    AvailabilityZones: ZONES.map((ZoneName) => ({ ZoneName, State: 'available' as const })),
  });
  ec2.on(DescribeInstanceTypesCommand).resolves({
    InstanceTypes: [{ VCpuInfo: { DefaultVCpus: 2 }, ProcessorInfo: { SupportedArchitectures: ['x86_64'] } }],
  });
  ec2
    .on(DescribeInstanceTypeOfferingsCommand)
    .resolves({ InstanceTypeOfferings: ZONES.map((Location) => ({ Location })) });
  ec2.on(DescribeInstancesCommand).resolves({ Reservations: [] });
  ec2.on(DescribeAddressesCommand).resolves({ Addresses: [] });
  ec2.on(DescribeVpcsCommand).resolves({ Vpcs: [{ IsDefault: true }] });
  ec2.on(GetEbsDefaultKmsKeyIdCommand).resolves({ KmsKeyId: 'alias/aws/ebs' });
  ec2.on(DescribeImagesCommand).resolves({
    Images: [
      {
        Name: 'al2023-ami-2023.9.20251027.0-kernel-6.1-x86_64',
        CreationDate: new Date(Date.now() - 5 * 86_400_000).toISOString(),
        State: 'available',
      },
    ],
  });
});

const verdicts = async (changes: Partial<PreflightInput> = {}): Promise<Record<string, string>> => {
  const { findings } = await runPreflight(input(changes));
  return Object.fromEntries(findings.map(({ check, verdict, measured }) => [check, `${verdict}: ${measured}`]));
};

test('an account in which everything is there: exit code 0', async () => {
  const report = await runPreflight(input());
  expect(report).toMatchObject({ account: '123456789012', region: 'eu-west-1', stage: 'prod' });
  expect(report.findings.filter(({ verdict }) => !['ok', 'unknown', 'warning'].includes(verdict))).toEqual([]);
  // Mocked answers carry no header Date; base images are not pinned yet.
  expect(report.findings.filter(({ verdict }) => verdict === 'unknown').map(({ check }) => check)).toEqual([
    "this machine's clock",
  ]);
  expect(exitCodeOf(report.findings)).toBe(0);
});

test('logins of external engines are looked for where they are needed', async () => {
  const { findings } = await runPreflight(input({ context: { amiId: 'ami-0123456789abcdef0', ...EXTERNAL } }));
  const logins = findings.filter(({ check }) => check.startsWith('login of an external engine'));
  expect(logins.map(({ verdict, needed }) => `${verdict}: ${needed}`)).toEqual([
    'fails: a secret metals/prod/kafka-login',
    'fails: a secret metals/prod/mongodb-uri',
  ]);
});

describe('the versions of secrets, which a deployment asks for before the CDK starts', () => {
  const line = 'right to see the versions of secrets';

  test('are seen where the secrets are there, and where they are not yet', async () => {
    expect((await verdicts())[line]).toBe('ok: 3 secrets asked for');
    secrets.on(DescribeSecretCommand).resolves({ VersionIdsToStages: { v1: ['AWSCURRENT'] } });
    expect((await verdicts())[line]).toBe('ok: 3 secrets asked for');
    expect(secrets.commandCalls(DescribeSecretCommand).map((call) => call.args[0].input.SecretId)).toContain(
      'metals/prod/api-key',
    );
  });

  test('are refused by name, and the exit code is 4', async () => {
    secrets.on(DescribeSecretCommand).rejects(named('AccessDeniedException'));
    const { findings } = await runPreflight(input());
    const right = 'secretsmanager:DescribeSecret on arn:aws:secretsmanager:eu-west-1:123456789012:secret:metals/prod/*';
    expect(findings.find(({ check }) => check === line)).toMatchObject({
      verdict: 'refused',
      measured: `these credentials lack ${right}`,
      next: [`ask for ${right}`],
    });
    expect(exitCodeOf(findings)).toBe(4);
  });
});

test('a snapshot is told by the tag that names its policy', async () => {
  const StartTime = new Date('2026-11-20T03:00:00.000Z');
  const Tags = [{ Key: 'aws:dlm:lifecycle-policy-id', Value: 'policy-1' }];
  cloudFormation.on(DescribeStacksCommand).resolves({
    Stacks: [{ StackName: 'metals-prod-data', StackStatus: 'UPDATE_COMPLETE', CreationTime: StartTime }],
  });
  const resource = {
    LogicalResourceId: 'Policy',
    ResourceType: 'AWS::DLM::LifecyclePolicy',
    ResourceStatus: 'CREATE_COMPLETE' as const,
  };
  cloudFormation.on(ListStackResourcesCommand).resolves({
    StackResourceSummaries: [{ ...resource, PhysicalResourceId: 'policy-1', LastUpdatedTimestamp: StartTime }],
  });
  ec2.on(DescribeSnapshotsCommand).resolves({ Snapshots: [{ SnapshotId: 'snap-1', StartTime, Tags }] });
  expect((await verdicts())['leftovers: snapshots']).toBe('ok: 1, which the policy of the data stack removes');
  ec2.on(DescribeSnapshotsCommand).resolves({ Snapshots: [{ SnapshotId: 'snap-1', StartTime }] });
  expect((await verdicts())['leftovers: snapshots']).toMatch(/^warning: 1 that nobody removes/);
  expect(ec2.commandCalls(DescribeSnapshotsCommand)[0]!.args[0].input).toEqual({
    OwnerIds: ['self'],
    Filters: [{ Name: 'tag:metals:stage', Values: ['prod'] }],
  });
});

test('nothing is written: every call reads, or assumes a role', async () => {
  await runPreflight(input());
  const names = [cloudFormation, ec2, logs, quotas, secrets, ssm, sts]
    .flatMap((mock): unknown[] => mock.calls().map((call) => call.args[0]))
    .map((command) => (command as object).constructor.name);
  expect(names.length).toBeGreaterThan(15);
  expect(names.filter((name) => !/^(Get|Describe|List|AssumeRole)/.test(name))).toEqual([]);
});

test('without permissions each line names the missing action, and the exit code is 4', async () => {
  const refusal = named('AccessDeniedException');
  cloudFormation.onAnyCommand().rejects(refusal);
  logs.onAnyCommand().rejects(refusal);
  quotas.onAnyCommand().rejects(refusal);
  secrets.onAnyCommand().rejects(refusal);
  ssm.onAnyCommand().rejects(refusal);
  ec2.onAnyCommand().rejects(named('UnauthorizedOperation'));
  sts.on(AssumeRoleCommand).rejects(named('AccessDenied'));
  const { findings } = await runPreflight(input());
  expect(exitCodeOf(findings)).toBe(4);
  const text = findings.map(({ measured }) => measured).join('\n');
  for (const action of [
    'ssm:GetParameter',
    'sts:AssumeRole on arn:aws:iam::123456789012:role/cdk-hnb659fds-deploy-role-123456789012-eu-west-1',
    'cloudformation:DescribeStacks',
    'secretsmanager:ListSecrets',
    'secretsmanager:DescribeSecret on arn:aws:secretsmanager:eu-west-1:123456789012:secret:metals/prod/*',
    'ec2:DescribeAvailabilityZones',
    'ec2:DescribeInstanceTypeOfferings',
    'ec2:DescribeImages',
    'ec2:GetEbsDefaultKmsKeyId',
  ])
    expect(text).toContain(` ${action}`);
});

describe('an existing VPC', () => {
  const context = { amiId: 'ami-0123456789abcdef0', ...EXISTING };
  const subnets = EXISTING.vpcSubnets.split(',').map((pair, index) => {
    const [SubnetId, CidrBlock] = pair.split('=');
    return { SubnetId, CidrBlock, VpcId: EXISTING.vpcId, AvailabilityZone: ZONES[index] };
  });
  beforeEach(() => {
    ec2.on(DescribeVpcsCommand, { Filters: [{ Name: 'vpc-id', Values: [EXISTING.vpcId] }] }).resolves({
      Vpcs: [
        {
          CidrBlockAssociationSet: [
            { CidrBlock: '10.40.0.0/16', CidrBlockState: { State: 'associated' } },
            { CidrBlock: '10.99.0.0/16', CidrBlockState: { State: 'disassociated' } },
          ],
        },
      ],
    });
    ec2.on(DescribeSubnetsCommand).resolves({ Subnets: subnets });
    ec2.on(DescribeNetworkInterfacesCommand).resolves({ NetworkInterfaces: [] });
    ec2.on(DescribeRouteTablesCommand).resolves({
      RouteTables: [
        {
          Associations: [{ Main: true }],
          Routes: [
            { DestinationCidrBlock: '10.40.0.0/16', GatewayId: 'local', State: 'active' },
            { DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1', State: 'active' },
          ],
        },
      ],
    });
    ec2.on(DescribeVpcEndpointsCommand).resolves({ VpcEndpoints: [] });
  });

  test('as configured', async () => {
    expect(await verdicts({ context })).toMatchObject({
      'existing VPC': 'ok: 10.40.0.0/16',
      'its subnets': 'ok: all as configured',
      'addresses of the slots': 'ok: free, or the slots’ own',
      'way out of its subnets': 'ok: nat-1, nat-1, nat-1',
      'quota: VPCs': 'ok: 1 of 64 used',
    });
    expect(ec2.commandCalls(DescribeNetworkInterfacesCommand)[0]!.args[0].input.Filters).toContainEqual({
      Name: 'addresses.private-ip-address',
      Values: ['10.40.3.11', '10.40.4.21', '10.40.5.22'],
    });
  });

  test('whose route to the outside is dead, with endpoints that are not ready', async () => {
    ec2.on(DescribeRouteTablesCommand).resolves({
      RouteTables: [
        {
          Associations: [{ Main: true }],
          Routes: [{ DestinationCidrBlock: '0.0.0.0/0', NatGatewayId: 'nat-1', State: 'blackhole' }],
        },
      ],
    });
    ec2.on(DescribeVpcEndpointsCommand).resolves({
      VpcEndpoints: [
        { ServiceName: 'com.amazonaws.eu-west-1.ssm', State: 'available' as never, PrivateDnsEnabled: true },
        { ServiceName: 'com.amazonaws.eu-west-1.ecr.api', State: 'pending' as never },
      ],
    });
    const line = (await verdicts({ context }))['way out of its subnets'];
    expect(line).toMatch(/^fails: no way out from subnet-0123456a, subnet-0123456b, .*ecr\.api/);
    expect(line).not.toMatch(/ ssm,/);
  });

  test('is not asked for where there is none', async () => {
    expect(Object.keys(await verdicts())).not.toContain('existing VPC');
    expect(ec2.commandCalls(DescribeSubnetsCommand)).toHaveLength(0);
  });
});

test('expired credentials end it at once', async () => {
  sts
    .on(GetCallerIdentityCommand)
    .rejects(named('ExpiredToken', 'The security token included in the request is expired'));
  await expect(runPreflight(input())).rejects.toMatchObject({ name: 'ExpiredToken' });
  expect(ec2.calls()).toHaveLength(0);
});

test('credentials that expire on the way are no line among others', async () => {
  ec2.on(DescribeVpcsCommand).rejects(named('RequestExpired'));
  await expect(runPreflight(input())).rejects.toMatchObject({ name: 'RequestExpired' });
});

test('a region that does not exist is told as such, with the nearest', async () => {
  sts
    .on(GetCallerIdentityCommand)
    .rejects(Object.assign(named('Error', 'getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
  ec2.on(DescribeRegionsCommand).resolves({ Regions: [{ RegionName: 'eu-west-1' }, { RegionName: 'us-east-1' }] });
  await expect(runPreflight(input({ region: 'eu-wset-1' }))).rejects.toMatchObject({
    why: 'AWS has no region eu-wset-1',
    next: ['add --region eu-west-1'],
    exitCode: 2,
  });
});

test('a region that is switched off is told as such', async () => {
  sts.on(GetCallerIdentityCommand).rejects(named('UnrecognizedClientException'));
  ec2.on(DescribeRegionsCommand).resolves({ Regions: [{ RegionName: 'af-south-1', OptInStatus: 'not-opted-in' }] });
  await expect(runPreflight(input({ region: 'af-south-1' }))).rejects.toMatchObject({
    why: 'the region af-south-1 is switched off for this account',
  });
});

test('where no region answers, the first error stays the reason', async () => {
  const first = Object.assign(named('Error', 'getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' });
  sts.on(GetCallerIdentityCommand).rejects(first);
  ec2.on(DescribeRegionsCommand).rejects(named('TimeoutError'));
  await expect(runPreflight(input())).rejects.toBe(first);
});

test('never bootstrapped: no role is asked for', async () => {
  ssm.on(GetParameterCommand).rejects(named('ParameterNotFound'));
  const { findings } = await runPreflight(input());
  expect(findings.find(({ check }) => check === 'cdk bootstrap')).toMatchObject({ verdict: 'fails' });
  expect(sts.commandCalls(AssumeRoleCommand)).toHaveLength(0);
  expect(exitCodeOf(findings)).toBe(3);
});

test('a quota that was never changed is read from its default', async () => {
  quotas.on(GetServiceQuotaCommand).rejects(named('NoSuchResourceException'));
  quotas.on(GetAWSDefaultServiceQuotaCommand).resolves({ Quota: { Value: 5 } });
  expect((await verdicts())['quota: vCPUs']).toBe('fails: 0 of 5 used');
});

test('what the network stack has already is not needed a second time', async () => {
  const Tags = [{ Key: 'aws:cloudformation:stack-name', Value: 'metals-prod-network' }];
  quotas.on(GetServiceQuotaCommand).resolves({ Quota: { Value: 1 } });
  ec2.on(DescribeAddressesCommand).resolves({ Addresses: [{ Tags }] });
  ec2.on(DescribeVpcsCommand).resolves({ Vpcs: [{ Tags }] });
  expect(await verdicts()).toMatchObject({
    'quota: Elastic IP addresses': 'ok: 1 of 1 used',
    'quota: VPCs': 'ok: 1 of 1 used',
  });
});

test('running instances count by their vCPUs, Spot instances and other families do not', async () => {
  const CpuOptions = { CoreCount: 2, ThreadsPerCore: 2 };
  const Tags = [{ Key: 'metals:stage', Value: 'prod' }];
  ec2.on(DescribeInstancesCommand).resolves({
    Reservations: [
      {
        Instances: [
          { InstanceType: 't3.xlarge', CpuOptions },
          { InstanceType: 't3.xlarge', CpuOptions, Tags },
          { InstanceType: 't3.xlarge', CpuOptions, InstanceLifecycle: 'spot' },
          { InstanceType: 'p3.2xlarge', CpuOptions },
        ],
      },
    ],
  });
  expect((await verdicts())['quota: vCPUs']).toBe('ok: 8 of 64 used');
});

test('an answer that nobody foresaw is a line, not the end', async () => {
  quotas.on(GetServiceQuotaCommand).rejects(named('TooManyRequestsException', 'Rate exceeded'));
  expect((await verdicts())['quota: VPCs']).toBe(
    'unknown: not known: servicequotas:GetServiceQuota answered TooManyRequestsException: Rate exceeded',
  );
});

test('a machine without Docker fails, and no registry is asked', async () => {
  const run: TryProgram = () => Promise.resolve({ succeeded: false, stdout: '', problem: 'docker is not installed' });
  const seen = await verdicts({ run });
  expect(seen.Docker).toBe('fails: docker is not installed');
  expect(Object.keys(seen).filter((check) => check.startsWith('base image'))).toEqual([]);
});

test('an image that is here already needs no registry', async () => {
  const run: TryProgram = (_program, args) =>
    Promise.resolve({ succeeded: args[0] !== 'manifest', stdout: '', problem: 'no answer within 20 s' });
  expect((await verdicts({ run }))['base image mongo:8.0']).toMatch(/^(ok|warning): /);
});

describe('in the lab', () => {
  const lab = { endpoint: 'http://127.0.0.1:4566', context: {} };
  beforeEach(() =>
    sts.on(GetCallerIdentityCommand).resolves({ Account: '000000000000', Arn: 'arn:aws:iam::000000000000:root' }),
  );

  test('what makes no sense there is skipped, and said', async () => {
    const { findings, stage } = await runPreflight(input(lab));
    expect(stage).toBe('lab');
    expect(findings.filter(({ verdict }) => verdict === 'skipped').map(({ check }) => check)).toEqual([
      'capacity',
      "EBS's default key, default VPC",
      'machine image',
      'Docker and base images',
    ]);
    expect(quotas.calls()).toHaveLength(0);
  });

  test('what its emulator lacks is not known there', async () => {
    secrets.on(ListSecretsCommand).rejects(named('InvalidAction', 'unknown action'));
    const seen = await verdicts(lab);
    expect(seen['leftovers: secrets']).toBe('unknown: not known here: the lab answers InvalidAction: unknown action');
  });
});

test('a configuration with problems is told before anything else is read', async () => {
  await expect(runPreflight(input({ context: { workers: 'many' } }))).rejects.toMatchObject({ name: 'ConfigError' });
  expect(ec2.calls()).toHaveLength(0);
});

test.each(['kraft', 'zookeeper'] as const)(
  'the base images looked for in %s mode are those that are built on',
  (mode) => {
    const used = new Set(componentsFor({ kafkaMode: mode }).map((component) => baseOf(component, mode)));
    expect(new Set(basesOf(mode))).toEqual(used);
  },
);

/** The checks against the real models: what the AWS SDK sends fits, and so do answers as AWS documents them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CloudFormationClient, CreateChangeSetCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { AttachVolumeCommand, DescribeInstancesCommand, EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { CreateFunctionCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';
import { GetCommandInvocationCommand, PutParameterCommand, SendCommandCommand, SSMClient } from '@aws-sdk/client-ssm';
import { checkExchange } from '../../../../../lib/lab/gateway/shapes/check';
import type { Exchange } from '../../../../../lib/lab/gateway/shapes/exchange';
import { Models } from '../../../../../lib/lab/gateway/shapes/load';
import { compilePattern } from '../../../../../lib/lab/gateway/shapes/scalars';
import { findBotocore } from './support/botocore';
import { EXCHANGE } from './support/models';

const SERVICES = [
  'autoscaling',
  'cloudformation',
  'ec2',
  'ecr',
  'iam',
  'lambda',
  'logs',
  's3',
  'secretsmanager',
  'ssm',
  'states',
  'sts',
];
const REQUIREMENTS = path.resolve(__dirname, '../../../../../assets/lab/aws/requirements.txt');

/** The version that the lab has. */
const PINNED = /^botocore==(\S+)/m.exec(readFileSync(REQUIREMENTS, 'utf8'))![1]!;
const botocore = findBotocore(PINNED);
const withBotocore = botocore ? describe : describe.skip;

/** What the SDK's client puts on the wire for a command; nothing is sent. */
async function sent(client: { send: (command: any) => Promise<unknown> }, command: unknown): Promise<Exchange> {
  let exchange: Exchange | undefined;
  const handle = (request: any) => {
    const query = new URLSearchParams(request.query).toString();
    exchange = {
      ...EXCHANGE,
      method: request.method,
      url: request.path + (query ? `?${query}` : ''),
      requestHeaders: Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
      ),
      requestBody: Buffer.from(typeof request.body === 'string' ? request.body : new Uint8Array(request.body ?? [])),
    };
    throw new Error('not sent');
  };
  (client as any).config.requestHandler = { handle, metadata: {} };
  await expect(client.send(command)).rejects.toThrow('not sent');
  return exchange!;
}

const OPTIONS = { region: 'eu-west-1', maxAttempts: 1, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
const REQUESTS: readonly (readonly [string, { send: (command: any) => Promise<unknown> }, unknown])[] = [
  [
    'ssm',
    new SSMClient(OPTIONS),
    new PutParameterCommand({ Name: '/a', Value: 'v', Type: 'String', Tags: [{ Key: 'k', Value: 'v' }] }),
  ],
  [
    'ssm',
    new SSMClient(OPTIONS),
    new SendCommandCommand({
      DocumentName: 'd-ocument',
      Targets: [{ Key: 'tag:a', Values: ['b'] }],
      Parameters: { a: ['b'] },
    }),
  ],
  ['ec2', new EC2Client(OPTIONS), new DescribeInstancesCommand({ Filters: [{ Name: 'tag:a', Values: ['b', 'c'] }] })],
  [
    'ec2',
    new EC2Client(OPTIONS),
    new AttachVolumeCommand({ Device: '/dev/sdf', InstanceId: 'i-1', VolumeId: 'vol-1', DryRun: false }),
  ],
  [
    'ec2',
    new EC2Client(OPTIONS),
    new RunInstancesCommand({
      MinCount: 1,
      MaxCount: 1,
      NetworkInterfaces: [
        { DeviceIndex: 0, Groups: ['sg-1'], PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: '10.0.0.1' }] },
      ],
      TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'a', Value: 'b' }] }],
      MetadataOptions: { HttpTokens: 'required' },
    }),
  ],
  [
    'cloudformation',
    new CloudFormationClient(OPTIONS),
    new CreateChangeSetCommand({
      StackName: 'metals',
      ChangeSetName: 'change',
      ChangeSetType: 'CREATE',
      Capabilities: ['CAPABILITY_NAMED_IAM'],
      Parameters: [{ ParameterKey: 'a', ParameterValue: 'b' }],
      Tags: [],
    }),
  ],
  ['secretsmanager', new SecretsManagerClient(OPTIONS), new CreateSecretCommand({ Name: 'a', SecretString: 's' })],
  ['states', new SFNClient(OPTIONS), new StartExecutionCommand({ stateMachineArn: 'arn:aws:states:a', input: '{}' })],
  [
    'lambda',
    new LambdaClient(OPTIONS),
    new InvokeCommand({ FunctionName: 'f', InvocationType: 'Event', Payload: Buffer.from('{}') }),
  ],
  [
    'lambda',
    new LambdaClient(OPTIONS),
    new CreateFunctionCommand({
      FunctionName: 'f',
      Role: 'arn:aws:iam::123456789012:role/r',
      Code: { ZipFile: Buffer.from('z') },
    }),
  ],
];

withBotocore('botocore’s own models', () => {
  const models = new Models(botocore?.dataDirectory ?? '');
  const problems = (service: string, exchange: Exchange) =>
    checkExchange(models.get(service)!, exchange)!.problems.map(({ operation, problem }) => `${operation}: ${problem}`);

  it.each(SERVICES)('of %s can be read, with every pattern in them', (service) => {
    const model = models.get(service)!;
    expect(Object.keys(model.operations).length).toBeGreaterThan(5);
    const patterns = Object.values(model.shapes).flatMap(({ pattern }) => pattern ?? []);
    expect(patterns.filter((pattern) => !compilePattern(pattern))).toEqual([]);
  });

  it.each(REQUESTS)('fit what the SDK sends to %s', async (service, client, command) => {
    const exchange = await sent(client, command);
    const found = problems(service, exchange).filter((problem) => !/is missing$|XML|no body/.test(problem));
    expect(found).toEqual([]);
    const [operation] = (command as object).constructor.name.split('Command');
    expect(checkExchange(models.get(service)!, exchange)!.operation).toMatch(new RegExp(`^${operation}`));
  });

  it('find what AWS would refuse', async () => {
    const command = new PutParameterCommand({ Name: '/a', Value: 'v', Type: 'Text' as any });
    expect(problems('ssm', await sent(new SSMClient(OPTIONS), command))).toEqual([
      'PutParameter: Type: not a value of the enumeration String, StringList, SecureString',
    ]);
    const named = await sent(new CloudFormationClient(OPTIONS), new DescribeStacksCommand({ StackName: 'a_b' }));
    const nothing = problems('cloudformation', { ...named, status: 400, answerBody: Buffer.from('') });
    expect(nothing).toEqual(['DescribeStacks: the XML has 0 root elements, expected one']);
    const change = new CreateChangeSetCommand({ StackName: 'a', ChangeSetName: 'my_change' });
    expect(problems('cloudformation', await sent(new CloudFormationClient(OPTIONS), change))).toContain(
      'CreateChangeSet: ChangeSetName: does not match the pattern [a-zA-Z][-a-zA-Z0-9]*',
    );
  });

  it('fit answers of AWS, and find one that is not', async () => {
    const invocation = await sent(
      new SSMClient(OPTIONS),
      new GetCommandInvocationCommand({ CommandId: 'c'.repeat(36), InstanceId: 'i-0123456789abcdef0' }),
    );
    const answered = (answer: unknown) =>
      problems('ssm', { ...invocation, answerBody: Buffer.from(JSON.stringify(answer)) });
    const answer = {
      CommandId: 'c'.repeat(36),
      Status: 'Success',
      StatusDetails: 'Success',
      ExecutionStartDateTime: '2026-01-01T00:00:00.000Z',
    };
    expect(answered(answer)).toEqual([]);
    expect(answered({ ...answer, Status: 'Succeeded', Output: '' })).toEqual([
      'GetCommandInvocation: the model has no member Output',
      "GetCommandInvocation: Status: 'Succeeded' is not a value of the enumeration Pending, InProgress, Delayed, Success, Cancelled, TimedOut, Failed, Cancelling",
    ]);
  });

  it('know S3’s operations by their addresses', () => {
    const operation = (method: string, url: string, requestHeaders = {}) =>
      checkExchange(models.get('s3')!, { ...EXCHANGE, method, url, requestHeaders })!.operation;
    expect(operation('PUT', '/bucket/a/b')).toBe('PutObject');
    expect(operation('PUT', '/bucket/a/b', { 'x-amz-copy-source': '/c/d' })).toBe('CopyObject');
    expect(operation('PUT', '/bucket/a?partNumber=1&uploadId=u')).toBe('UploadPart');
    expect(operation('POST', '/bucket/a?uploads')).toBe('CreateMultipartUpload');
    expect(operation('POST', '/bucket/a?uploadId=u')).toBe('CompleteMultipartUpload');
    expect(operation('DELETE', '/bucket/a?uploadId=u')).toBe('AbortMultipartUpload');
    expect(operation('DELETE', '/bucket/a')).toBe('DeleteObject');
    expect(operation('GET', '/bucket/a')).toBe('GetObject');
    expect(operation('HEAD', '/bucket/a')).toBe('HeadObject');
    expect(operation('HEAD', '/bucket')).toBe('HeadBucket');
    expect(operation('GET', '/bucket?list-type=2&prefix=a')).toBe('ListObjectsV2');
    expect(operation('GET', '/bucket?location')).toBe('GetBucketLocation');
    expect(operation('GET', '/bucket?versions')).toBe('ListObjectVersions');
    expect(operation('POST', '/bucket?delete')).toBe('DeleteObjects');
    expect(operation('PUT', '/bucket')).toBe('CreateBucket');
    expect(operation('GET', '/')).toBe('ListBuckets');
  });
});

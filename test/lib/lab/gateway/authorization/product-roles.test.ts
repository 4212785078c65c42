/** The product's own roles under the lab's judgement: what each may do, and how it is told what it may not. */
import { AwsError } from '../../../../../lib/lab/gateway/errors';
import { Authorizer } from '../../../../../lib/lab/gateway/authorization/authorizer';
import type { OperationCall } from '../../../../../lib/lab/gateway/authorization/operation';
import { functionPrincipal, instancePrincipal } from '../../../../../lib/lab/gateway/authorization/principal';
import type { RecordedCall } from '../../../../../lib/lab/gateway/authorization/recording';
import { isMapped } from '../../../../../lib/lab/gateway/authorization/operations';
import { GRANTS_WITHOUT_CALLS } from '../../../../lab/support/grants-without-calls';
import { NO_LOOKUPS } from './support/lookups';
import { STAGE, synthesise } from './support/synthesised';

const { policies, idsOf, role } = synthesise();
const volumes = idsOf('Custom::KeptVolume').sort();
const secrets = idsOf('Custom::KeptSecret').sort();
const functionArn = (prefix: string) => {
  const name = idsOf('AWS::Lambda::Function').find((id) => id.startsWith(prefix))!;
  return `arn:aws:lambda:eu-west-1:000000000000:function:${name}`;
};
const groups = ['eu-west-1', '000000000000'].join(':');
/** Bucket and key of a bundle of this stage. Not taken from the grant: without the grant there would be nothing to ask for. */
const BUNDLE = `cdk-hnb659fds-assets-000000000000-eu-west-1/metals/${STAGE}/bundle.gz`;

const OWN_STACK = `arn:aws:cloudformation:${groups}:stack/own/1`;

/** Tags of the instances and volumes that the tests name. */
const TAGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'i-own': { 'metals:stage': STAGE },
  'i-other-stage': { 'metals:stage': 'prod' },
  'vol-own': { 'metals:stage': STAGE },
  'vol-other-stage': { 'metals:stage': 'prod' },
  'i-worker-1': { 'metals:stage': STAGE, 'metals:slot': 'worker-1' },
  ...Object.fromEntries(volumes.map((id) => [id, { 'metals:stage': STAGE }])),
};
const recorded: RecordedCall[] = [];
const policiesOf = (of: typeof policies) => async (roleName: string) => of.get(roleName) ?? [];
const authorizerOf = (rolePolicies: typeof policies) =>
  new Authorizer({
    mode: 'enforce',
    policies: { of: policiesOf(rolePolicies), stated: policiesOf(rolePolicies) },
    lookups: {
      ...NO_LOOKUPS,
      secretArn: async (id) => secrets.find((arn) => arn === id || arn.includes(`:secret:${id}-`)),
      instancesOf: () => Object.keys(TAGS).filter((id) => id.startsWith('i-')),
    },
    tagsOf: async (arn) => TAGS[arn.split('/')[1] ?? ''] ?? {},
    recording: { add: (call) => void recorded.push(call) },
    log: () => undefined,
  });
const authorizer = authorizerOf(policies);
/** Of a stage whose data outlive it, as is usual on AWS; the lab's go with it. */
const keeping = authorizerOf(synthesise({ dataRemoval: 'retain' }).policies);

const TARGETS: Readonly<Record<string, string>> = {
  ssm: 'AmazonSSM',
  secretsmanager: 'secretsmanager',
  ecr: 'AmazonEC2ContainerRegistry_V20150921',
  logs: 'Logs_20140328',
  states: 'AWSStepFunctions',
};
const api = (service: string, operation: string, params: unknown = {}): OperationCall => ({
  ...{ service, operation, params, method: 'POST', path: '/', query: new URLSearchParams() },
  targetPrefix: TARGETS[service],
});
const rest = (service: string, method: string, path: string): OperationCall => ({
  ...{ service, method, path, operation: '', params: {}, query: new URLSearchParams(), targetPrefix: undefined },
});

const PRINCIPALS = {
  manager: instancePrincipal(role('RolesManager'), 'i-own'),
  worker: instancePrincipal(role('RolesWorker'), 'i-own'),
  onEvent: functionPrincipal(role('RunCommandOnEvent'), 'on-event'),
  isComplete: functionPrincipal(role('RunCommandIsComplete'), 'is-complete'),
  framework: functionPrincipal(role('RunCommandProviderframeworkonEvent'), 'framework'),
  secrets: functionPrincipal(role('SecretsHandler'), 'secrets'),
  volumes: functionPrincipal(role('VolumesHandler'), 'volumes'),
  defaultGroup: functionPrincipal(role('CustomVpcRestrictDefaultSG'), 'default-group'),
};
type Who = keyof typeof PRINCIPALS;

/** `allowed`, or the error that the caller gets. */
const ask = (who: Who, call: OperationCall, by = authorizer): Promise<'allowed' | AwsError> =>
  by.authorize(PRINCIPALS[who], call).then(
    () => 'allowed' as const,
    (error: AwsError) => error,
  );

beforeEach(() => recorded.splice(0));

const SECRET = 'metals/test/kafka-password';
const createSecret = (Name: string) =>
  api('secretsmanager', 'CreateSecret', { Name, Tags: [{ Key: 'metals:stage', Value: STAGE }] });
const onSecret = (operation: string, params: unknown = {}) =>
  api('secretsmanager', operation, { SecretId: secrets.find((arn) => arn.includes(SECRET)), ...(params as object) });
const createVolume = (stage: string | undefined) =>
  api('ec2', 'CreateVolume', {
    AvailabilityZone: 'eu-west-1a',
    Size: '20',
    ...(stage !== undefined && {
      'TagSpecification.1.ResourceType': 'volume',
      'TagSpecification.1.Tag.1.Key': 'metals:slot',
      'TagSpecification.1.Tag.1.Value': 'worker-1',
      'TagSpecification.1.Tag.2.Key': 'metals:stage',
      'TagSpecification.1.Tag.2.Value': stage,
    }),
  });
const onVolume = (operation: string, VolumeId: string) => api('ec2', operation, { VolumeId, Size: '30' });
const putMetric = (Namespace: string) =>
  api('monitoring', 'PutMetricData', { Namespace, 'MetricData.member.1.MetricName': 'DiskUsedPercent' });
const STAGE_TAGS = { Tags: [{ Key: 'metals:stage', Value: STAGE }] };

/** Calls of the functions that keep data: each is allowed to its own function, and denied to another. */
const KEEPING: readonly [Who, string, OperationCall, Who][] = [
  ['secrets', 'a new secret with its tags', createSecret(SECRET), 'volumes'],
  ['secrets', 'a look at a secret by its name', onSecret('DescribeSecret', { SecretId: SECRET }), 'worker'],
  ['secrets', 'a secret that is restored', onSecret('RestoreSecret'), 'manager'],
  ['secrets', 'the tags of a secret', onSecret('TagResource', STAGE_TAGS), 'manager'],
  ['secrets', 'the passwords that are there', onSecret('GetSecretValue'), 'volumes'],
  ['secrets', 'the passwords that were missing', onSecret('PutSecretValue'), 'manager'],
  ['volumes', 'a new volume with its tags', createVolume(STAGE), 'manager'],
  ['volumes', 'a volume that grows', onVolume('ModifyVolume', 'vol-own'), 'manager'],
  ['volumes', 'how far it has grown', api('ec2', 'DescribeVolumesModifications'), 'worker'],
  [
    'volumes',
    'the state of its own stack',
    api('cloudformation', 'DescribeStacks', { StackName: OWN_STACK }),
    'secrets',
  ],
];
/** Only where the stage's data go with it. */
const DELETING: readonly [Who, string, OperationCall, Who][] = [
  ['secrets', 'the end of a secret', onSecret('DeleteSecret'), 'volumes'],
  ['volumes', 'the end of a volume', onVolume('DeleteVolume', 'vol-own'), 'secrets'],
];

describe('data that outlive the stacks', () => {
  it.each(KEEPING)('%s: %s is allowed', async (who, _what, call) => {
    for (const by of [authorizer, keeping]) expect(await ask(who, call, by)).toBe('allowed');
  });

  it.each([...KEEPING, ...DELETING])(
    'what is for %s alone, %s, is denied to another',
    async (_who, _what, call, other) => {
      expect(await ask(other, call)).toMatchObject({
        code: expect.stringMatching(/Unauthorized|AccessDenied/),
      });
    },
  );

  it.each(DELETING)('%s: %s is allowed only where the data go with the stacks', async (who, _what, call) => {
    expect(await ask(who, call)).toBe('allowed');
    expect(await ask(who, call, keeping)).toBeInstanceOf(AwsError);
  });

  it.each<[Who, string, OperationCall, string]>([
    ['secrets', 'a secret of another stage', createSecret('metals/prod/kafka-password'), 'secretsmanager:CreateSecret'],
    [
      'secrets',
      'the API key’s value',
      onSecret('GetSecretValue', { SecretId: 'metals/test/api-key' }),
      'GetSecretValue',
    ],
    ['volumes', 'a volume of another stage', createVolume('prod'), 'ec2:CreateVolume'],
    ['volumes', 'a volume without tags', createVolume(undefined), 'ec2:CreateVolume'],
    [
      'volumes',
      'a tag for a volume that is there',
      api('ec2', 'CreateTags', {
        'ResourceId.1': 'vol-other-stage',
        'Tag.1.Key': 'metals:stage',
        'Tag.1.Value': STAGE,
      }),
      'ec2:CreateTags on resource: arn:aws:ec2:eu-west-1:000000000000:volume/vol-other-stage',
    ],
    ['volumes', 'growing another stage’s volume', onVolume('ModifyVolume', 'vol-other-stage'), 'ec2:ModifyVolume'],
    ['volumes', 'deleting another stage’s volume', onVolume('DeleteVolume', 'vol-other-stage'), 'ec2:DeleteVolume'],
    [
      'volumes',
      'the state of another stack',
      api('cloudformation', 'DescribeStacks', { StackName: 'arn:aws:cloudformation:eu-west-1:000000000000:stack/x/1' }),
      'cloudformation:DescribeStacks',
    ],
  ])('%s is denied: %s', async (who, _what, call, action) => {
    expect(String(await ask(who, call))).toContain(action);
  });

  it('need the right to tag where they are tagged as they are made', async () => {
    await ask('secrets', createSecret(SECRET));
    await ask('volumes', createVolume(STAGE));
    expect(recorded.map(({ action, decision }) => [action, decision])).toEqual([
      ['secretsmanager:CreateSecret', 'allowed'],
      ['secretsmanager:TagResource', 'allowed'],
      ['ec2:CreateVolume', 'allowed'],
      ['ec2:CreateTags', 'allowed'],
    ]);
  });
});

describe('is allowed what the product does', () => {
  const cases: [Who, string, OperationCall][] = [
    ['manager', 'a secret by its ARN', api('secretsmanager', 'GetSecretValue', { SecretId: secrets[0] })],
    [
      'manager',
      'its tokens',
      api('ssm', 'GetParameters', {
        Names: ['/metals/test/swarm/manager-token', '/metals/test/swarm/claim'],
      }),
    ],
    [
      'manager',
      'a new token',
      api('ssm', 'PutParameter', { Name: '/metals/test/swarm/worker-token', Overwrite: true }),
    ],
    ['manager', 'the bundle', rest('s3', 'GET', `/${BUNDLE}`)],
    ['manager', 'the login to the registry', api('ecr', 'GetAuthorizationToken')],
    ['worker', 'which Swarm is the stage’s', api('ssm', 'GetParameter', { Name: '/metals/test/swarm/claim' })],
    ['worker', 'the token of workers', api('ssm', 'GetParameter', { Name: '/metals/test/swarm/worker-token' })],
    ['worker', 'the volumes', api('ec2', 'DescribeVolumes', { 'VolumeId.1': volumes[0] })],
    [
      'worker',
      'an image',
      api('ecr', 'BatchGetImage', { repositoryName: 'cdk-hnb659fds-container-assets-000000000000-eu-west-1' }),
    ],
    ['worker', 'who it is', api('sts', 'GetCallerIdentity')],
    ['worker', 'a metric of its stage', putMetric('Metals/test')],
    ['manager', 'a metric of its stage', putMetric('Metals/test')],
    [
      'onEvent',
      'a document on its stage',
      api('ssm', 'SendCommand', { DocumentName: 'metals-test-swarm-init', InstanceIds: ['i-own'] }),
    ],
    ['isComplete', 'the state of a command', api('ssm', 'ListCommandInvocations', { CommandId: 'c' })],
    [
      'framework',
      'the handler',
      rest(
        'lambda',
        'POST',
        `/2015-03-31/functions/${encodeURIComponent(functionArn('RunCommandOnEvent'))}/invocations`,
      ),
    ],
    [
      'framework',
      'the state of the handler',
      rest('lambda', 'GET', `/2015-03-31/functions/${encodeURIComponent(functionArn('RunCommandOnEvent'))}`),
    ],
    [
      'framework',
      'the waiter',
      api('states', 'StartExecution', { stateMachineArn: idsOf('AWS::StepFunctions::StateMachine')[0] }),
    ],
    ['secrets', 'a random password', api('secretsmanager', 'GetRandomPassword', { PasswordLength: 32 })],
    [
      'defaultGroup',
      'the default group of the VPC',
      api('ec2', 'RevokeSecurityGroupIngress', { GroupId: 'Vpc8378EB38-DefaultSecurityGroup' }),
    ],
  ];
  it.each(cases)('%s: %s', async (who, _what, call) => expect(await ask(who, call)).toBe('allowed'));
});

describe('is denied, in words and code of the service,', () => {
  it('a worker that reads a secret', async () => {
    expect(await ask('worker', api('secretsmanager', 'GetSecretValue', { SecretId: secrets[0] }))).toMatchObject({
      code: 'AccessDeniedException',
      status: 400,
      message:
        `User: arn:aws:sts::000000000000:assumed-role/${role('RolesWorker')}/i-own is not authorized to perform: ` +
        `secretsmanager:GetSecretValue on resource: ${secrets[0]} because no identity-based policy allows the ` +
        'secretsmanager:GetSecretValue action',
    });
  });

  it.each(['Metals/prod', 'AWS/EC2'])('a node that reports metrics of %s', async (namespace) => {
    const denied = await ask('worker', putMetric(namespace));
    expect(denied).toMatchObject({ code: 'AccessDenied', status: 403 });
    expect(String(denied)).toContain('cloudwatch:PutMetricData on resource: * because');
  });

  it('a worker that reads the token of managers', async () => {
    const denied = await ask('worker', api('ssm', 'GetParameter', { Name: '/metals/test/swarm/manager-token' }));
    expect(denied).toMatchObject({ code: 'AccessDeniedException' });
    expect(String(denied)).toContain(`arn:aws:ssm:${groups}:parameter/metals/test/swarm/manager-token`);
  });

  it('all of GetParameters for one name that is not granted', async () => {
    const names = ['/metals/test/swarm/worker-token', '/metals/prod/swarm/worker-token'];
    expect(String(await ask('manager', api('ssm', 'GetParameters', { Names: names })))).toContain('metals/prod');
  });

  it('a volume that is not the stage’s', async () => {
    const call = api('ec2', 'AttachVolume', { VolumeId: 'vol-other', InstanceId: 'i-own' });
    expect(await ask('manager', call)).toMatchObject({
      code: 'UnauthorizedOperation',
      status: 403,
      message: expect.stringContaining('You are not authorized to perform this operation. User: arn:aws:sts::'),
    });
    expect(recorded.map(({ resource, decision }) => [resource.split(':')[5], decision])).toEqual([
      ['volume/vol-other', 'implicitly denied'],
    ]);
  });

  it('a worker that takes the manager’s volume, with the Swarm’s state, to its own instance', async () => {
    const volumeOf = (slot: string) => volumes.find((id) => id.toLowerCase().includes(slot))!;
    const attach = (VolumeId: string) => api('ec2', 'AttachVolume', { VolumeId, InstanceId: 'i-worker-1' });
    expect(await ask('worker', attach(volumeOf('worker1')))).toBe('allowed');
    const denied = await ask('worker', attach(volumeOf('manager1')));
    expect(denied).toMatchObject({ code: 'UnauthorizedOperation', status: 403 });
    expect(recorded.at(-1)).toMatchObject({
      resource: expect.stringContaining(`volume/${volumeOf('manager1')}`),
      decision: 'implicitly denied',
    });
  });

  it('an own volume at an instance of another stage', async () => {
    const call = api('ec2', 'AttachVolume', { VolumeId: volumes[0], InstanceId: 'i-other-stage' });
    expect(String(await ask('manager', call))).toContain('instance/i-other-stage');
  });

  it('a document that is not the stage’s, and one instance of another stage among the targets', async () => {
    const send = (DocumentName: string, InstanceIds: string[]) =>
      ask('onEvent', api('ssm', 'SendCommand', { DocumentName, InstanceIds }));
    expect(String(await send('AWS-RunShellScript', ['i-own']))).toContain(
      'on resource: arn:aws:ssm:eu-west-1::document/AWS-RunShellScript because',
    );
    expect(String(await send('metals-test-swarm-init', ['i-own', 'i-other-stage']))).toContain(
      'instance/i-other-stage',
    );
  });

  it('instances that targets mean, one by one', async () => {
    const Targets = [{ Key: 'tag:metals:slot', Values: ['worker-1'] }];
    const call = api('ssm', 'SendCommand', { DocumentName: 'metals-test-swarm-init', Targets });
    expect(String(await ask('onEvent', call))).toContain('instance/i-other-stage');
  });

  it('an action without resources, with what Systems Manager names instead', async () => {
    expect(String(await ask('worker', api('ssm', 'DescribeInstanceInformation')))).toContain(
      `ssm:DescribeInstanceInformation on resource: arn:aws:ssm:${groups}:* because`,
    );
  });

  it('an object of another bucket', async () => {
    expect(await ask('manager', rest('s3', 'GET', '/somebody/key'))).toMatchObject({
      code: 'AccessDenied',
      message: expect.stringContaining('s3:GetObject on resource: "arn:aws:s3:::somebody/key" because'),
    });
  });
});

it('every action that the templates grant can be judged, or has its reason why no call needs it', () => {
  const granted = [...policies.values()].flatMap((each) =>
    each.flatMap(({ policy }) => (policy as { Statement: { Action: string | string[] }[] }).Statement),
  );
  const actions = [...new Set(granted.flatMap(({ Action }) => [Action].flat()))];
  const explained = new Set(GRANTS_WITHOUT_CALLS.flatMap((reason) => reason.actions));
  // Those of S3 and Lambda follow from method and path.
  const others = actions.filter((action) => !/^(s3|lambda):/.test(action));
  expect(others.length).toBeGreaterThan(20);
  expect(others.filter((action) => !isMapped(action) && !explained.has(action))).toEqual([]);
});

describe('is denied because the lab cannot judge it', () => {
  it.each<[string, OperationCall]>([
    ['an operation that no mapper knows', api('ssm', 'StartAutomationExecution')],
    ['a service that no mapper knows', api('dynamodb', 'GetItem')],
    ['an operation named like a property of every object', api('ssm', 'toString')],
    ['a bucket’s policy', { ...rest('s3', 'GET', '/bucket'), query: new URLSearchParams('policy') }],
    [
      'a target that is not its scope’s',
      { ...api('ssm', 'GetParameter', { Name: '/metals/test/swarm/worker-token' }), targetPrefix: 'secretsmanager' },
    ],
  ])('%s', async (_what, call) => {
    const denied = await ask('worker', call);
    expect(String(denied)).toMatch(/^AwsError: the lab cannot judge .* lib\/lab\/gateway\/authorization\/operations$/);
    expect(recorded).toEqual([expect.objectContaining({ decision: 'unmapped' })]);
  });
});

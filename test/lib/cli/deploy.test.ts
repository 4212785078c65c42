import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { cdkArguments, deploy, type RunCdk } from '../../../lib/cli/commands/deploy';
import { readContext } from '../../../lib/cli/context';
import { fakeIo, LAB_ENV, type FakeIo } from './fake-io';

const ssm = mockClient(SSMClient);
const secrets = mockClient(SecretsManagerClient);
const signal = new AbortController().signal;
const AWS_ENV = { AWS_REGION: 'eu-west-1' };

beforeEach(() => {
  ssm.reset();
  secrets.reset();
  secrets.on(DescribeSecretCommand).resolves({ VersionIdsToStages: { v1: ['AWSCURRENT'] } });
  ssm.on(GetParameterCommand).resolves({ Parameter: { Value: '28' } });
});

const contextOf = (io: FakeIo, options: object = {}) => readContext({ color: true, ...options }, io, signal);
const never: RunCdk = () => Promise.reject(new Error('the CDK must not run'));

test('arguments: as typed by hand, with stage, profile and settings', () => {
  const base = { stage: 'blue', profile: 'work', isLab: false };
  expect(cdkArguments(base, { context: ['kafkaMode=zookeeper'] }, 'v1')).toEqual(
    'deploy --all --require-approval broadening --progress events --context stage=blue --context secretVersions=v1 --context kafkaMode=zookeeper --profile work'.split(
      ' ',
    ),
  );
  expect(cdkArguments(base, { yes: true }, 'v1')).toContain('never');
  expect(cdkArguments({ stage: 'lab', isLab: true }, {}, 'v1')).toContain('never');
  expect(cdkArguments({ stage: 'lab', isLab: true }, { dryRun: true }, 'v1')).toEqual(
    'diff --context stage=lab --context secretVersions=v1'.split(' '),
  );
});

describe('secrets that were changed outside a deployment', () => {
  const versions = async (): Promise<string | undefined> => {
    let given: readonly string[] = [];
    await deploy(contextOf(fakeIo(LAB_ENV)), {}, (args) => {
      given = args;
      return Promise.resolve(0);
    });
    return given.find((argument) => argument.startsWith('secretVersions='));
  };

  test('are taken up: each current version counts, older ones do not', async () => {
    const before = await versions();
    expect(before).toMatch(/^secretVersions=[0-9a-f]{16}$/);
    expect(await versions()).toBe(before);
    for (const name of ['metals/lab/api-key', 'metals/lab/kafka-password', 'metals/lab/mongodb-password']) {
      secrets
        .on(DescribeSecretCommand, { SecretId: name })
        .resolves({ VersionIdsToStages: { v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] } });
      const changed = await versions();
      expect([name, changed === before]).toEqual([name, false]);
      secrets.on(DescribeSecretCommand, { SecretId: name }).resolves({ VersionIdsToStages: { v1: ['AWSCURRENT'] } });
    }
  });

  test('need not exist yet, but must not be forbidden', async () => {
    secrets.on(DescribeSecretCommand).rejects(Object.assign(new Error('none'), { name: 'ResourceNotFoundException' }));
    expect(await versions()).toMatch(/^secretVersions=[0-9a-f]{16}$/);
    secrets.on(DescribeSecretCommand).rejects(Object.assign(new Error('denied'), { name: 'AccessDeniedException' }));
    await expect(versions()).rejects.toThrow('denied');
  });
});

test('runs the CDK with region, plain output and the interrupt signal', async () => {
  const io = fakeIo(LAB_ENV);
  const calls: { env: NodeJS.ProcessEnv; signal: AbortSignal }[] = [];
  const code = await deploy(contextOf(io), {}, (_args, env, given) => {
    calls.push({ env, signal: given });
    return Promise.resolve(0);
  });
  expect(code).toBe(0);
  expect(calls[0]!.env).toMatchObject({
    AWS_REGION: 'eu-west-1',
    NO_COLOR: '1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
  });
  expect(calls[0]!.signal).toBe(signal);
  expect(io.err()).toContain('deployed; next: npm run metals -- smoke-test');
});

test('--json prints one value, with no outputs when the CDK wrote none', async () => {
  const io = fakeIo(LAB_ENV);
  await deploy(contextOf(io, { json: true }), {}, () => Promise.resolve(0));
  expect(JSON.parse(io.out())).toEqual({ stage: 'lab', region: 'eu-west-1', dryRun: false, outputs: {} });
});

test('a failed deployment names what to do next', async () => {
  const failing = deploy(contextOf(fakeIo(LAB_ENV)), {}, () => Promise.resolve(1));
  await expect(failing).rejects.toMatchObject({
    what: 'the deployment failed',
    why: 'cdk deploy ended with exit code 1; its reason is above',
    next: expect.arrayContaining(['npm run metals -- status']),
    exitCode: 1,
  });
});

test('without a terminal it needs --yes, and changes nothing', async () => {
  await expect(deploy(contextOf(fakeIo(AWS_ENV)), {}, never)).rejects.toMatchObject({
    why: 'it asks before it widens permissions, and nobody can answer here: stdin is not a terminal',
    next: ['add --yes to deploy without being asked, or --dry-run to see the changes'],
    exitCode: 2,
  });
  expect(ssm.calls()).toHaveLength(0);
});

test('an account that was never bootstrapped is told so before the CDK starts', async () => {
  ssm.on(GetParameterCommand).rejects(Object.assign(new Error('none'), { name: 'ParameterNotFound' }));
  await expect(deploy(contextOf(fakeIo(AWS_ENV), { profile: 'work' }), { yes: true }, never)).rejects.toMatchObject({
    why: 'the CDK was never bootstrapped in eu-west-1',
    next: ['npx cdk bootstrap --profile work'],
  });
});

test('a role that may not read the bootstrap version still deploys', async () => {
  ssm.on(GetParameterCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
  expect(await deploy(contextOf(fakeIo(AWS_ENV)), { yes: true }, () => Promise.resolve(0))).toBe(0);
});

test('a setting without a value is refused', async () => {
  await expect(deploy(contextOf(fakeIo(LAB_ENV)), { context: ['kafkaMode'] }, never)).rejects.toMatchObject({
    why: '--context: got "kafkaMode", expected key=value',
    exitCode: 2,
  });
});

import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import type { RunCdk } from '../../../lib/cli/cdk-cli';
import { cdkArguments, deploy, type DeployOptions } from '../../../lib/cli/commands/deploy';
import { readContext } from '../../../lib/cli/context';
import type { CliError } from '../../../lib/cli/errors';
import { completeCommands } from '../../../lib/cli/next-command';
import { runCli } from '../../../lib/cli/program';
import * as room from '../../../lib/preflight';
import { fakeIo, LAB_ENV, notInterrupted, type FakeIo } from './fake-io';
import { parseBySchema } from './schemas';

jest.mock('../../../lib/preflight', () => ({
  ...jest.requireActual<typeof room>('../../../lib/preflight'),
  runPreflight: jest.fn(),
}));

const looked = jest.mocked(room.runPreflight);
const secrets = mockClient(SecretsManagerClient);
const stacks = mockClient(CloudFormationClient);
const signal = new AbortController().signal;
const AWS_ENV = { AWS_REGION: 'eu-west-1' };

const found = (...findings: Partial<room.Finding>[]): void => {
  const line: room.Finding = { check: 'zones', verdict: 'ok', measured: 'two', needed: 'three', next: [] };
  const report = { account: '123456789012', region: 'eu-west-1', stage: 'prod' };
  looked.mockResolvedValue({ ...report, findings: findings.map((finding) => ({ ...line, ...finding })) });
};

beforeEach(() => {
  looked.mockReset();
  found();
  secrets.reset();
  stacks.reset();
  stacks.on(DescribeStacksCommand).resolves({ Stacks: [] });
  secrets.on(DescribeSecretCommand).resolves({ VersionIdsToStages: { v1: ['AWSCURRENT'] } });
  for (const SecretId of ['metals/lab/kafka-login', 'metals/lab/mongodb-uri'])
    secrets
      .on(DescribeSecretCommand, { SecretId })
      .rejects(Object.assign(new Error('none'), { name: 'ResourceNotFoundException' }));
});

const contextOf = (io: FakeIo, options: object = {}) => readContext({ color: true, ...options }, io, signal);
const never: RunCdk = () => Promise.reject(new Error('the CDK must not run'));

const DERIVED = { secretVersions: 'v1', dataVolumes: 'd1' };
test('arguments: as typed by hand, with stage, profile and settings', () => {
  const base = { stage: 'blue', profile: 'work', isLab: false };
  expect(cdkArguments(base, { context: ['kafkaMode=zookeeper'] }, DERIVED)).toEqual(
    'deploy --all --require-approval broadening --progress events --context stage=blue --context secretVersions=v1 --context dataVolumes=d1 --context kafkaMode=zookeeper --profile work'.split(
      ' ',
    ),
  );
  expect(cdkArguments(base, { yes: true }, DERIVED)).toContain('never');
  expect(cdkArguments(base, { rollback: false }, DERIVED)).toContain('--no-rollback');
  expect(cdkArguments(base, {}, DERIVED)).not.toContain('--no-rollback');
  expect(cdkArguments({ stage: 'lab', isLab: true }, {}, DERIVED)).toContain('never');
  expect(cdkArguments({ stage: 'lab', isLab: true }, { dryRun: true }, DERIVED)).toEqual(
    'diff --context stage=lab --context secretVersions=v1 --context dataVolumes=d1'.split(' '),
  );
});

describe('a deployment by which cdk destroy would delete data', () => {
  const removal: DeployOptions = { context: ['dataRemoval=destroy'] };
  const answered = async (answer: string, options = removal, env: NodeJS.ProcessEnv = AWS_ENV) => {
    const questions: string[] = [];
    let ran = false;
    const ask = (question: string): Promise<string> => {
      questions.push(question);
      return Promise.resolve(answer);
    };
    const run: RunCdk = () => {
      ran = true;
      return Promise.resolve(0);
    };
    const context = contextOf(fakeIo(env, true), { stage: 'blue' });
    const error = await deploy(context, options, run, ask).then(
      () => undefined,
      (thrown: CliError) => thrown,
    );
    return { questions, ran, error };
  };

  test('asks for the name of the stage', async () => {
    const { questions, ran } = await answered('blue');
    expect(questions).toEqual([
      'dataRemoval=destroy: from this deployment on, cdk destroy deletes volumes and secrets of stage blue, with all data. To go on, type the name of the stage:',
    ]);
    expect(ran).toBe(true);
  });

  test.each(['yes', 'green', ''])('does not begin when the answer is %j', async (answer) => {
    const { ran, error } = await answered(answer);
    expect(ran).toBe(false);
    expect(error).toMatchObject({
      what: 'the deployment did not start',
      why: 'the answer was not blue',
      next: [
        './bin/metals deploy --context dataRemoval=destroy    # asks again',
        'without dataRemoval=destroy volumes and secrets are kept',
      ],
    });
  });

  test.each<[string, DeployOptions, NodeJS.ProcessEnv]>([
    ['with --yes', { ...removal, yes: true }, AWS_ENV],
    ['that only compares', { ...removal, dryRun: true }, AWS_ENV],
    ['in the lab', removal, LAB_ENV],
    ['that keeps data', {}, AWS_ENV],
  ])('asks nothing %s', async (_, options, env) => {
    const { questions, ran } = await answered('', options, env);
    expect(questions).toEqual([]);
    expect(ran).toBe(true);
  });
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
    const all = ['api-key', 'kafka-password', 'mongodb-password', 'kafka-login', 'mongodb-uri'];
    for (const name of all.map((id) => `metals/lab/${id}`)) {
      secrets
        .on(DescribeSecretCommand, { SecretId: name })
        .resolves({ VersionIdsToStages: { v1: ['AWSPREVIOUS'], v2: ['AWSCURRENT'] } });
      const changed = await versions();
      expect([name, changed === before]).toEqual([name, false]);
      secrets.on(DescribeSecretCommand, { SecretId: name }).resolves({ VersionIdsToStages: { v1: ['AWSCURRENT'] } });
    }
  });

  test('are left alone where the stack has the current ones', async () => {
    const output = { OutputKey: 'SecretVersions', OutputValue: 'v1,v1,v1,none' };
    const stack = {
      StackName: 'metals-lab-pipeline',
      CreationTime: new Date(0),
      StackStatus: 'UPDATE_COMPLETE' as const,
    };
    stacks
      .on(DescribeStacksCommand, { StackName: stack.StackName })
      .resolves({ Stacks: [{ ...stack, Outputs: [output] }] });
    expect(await versions()).toBe('secretVersions=none');
  });

  test.each(['ValidationError', 'AccessDenied'])('are taken up where the stack cannot be seen: %s', async (name) => {
    stacks.on(DescribeStacksCommand).rejects(Object.assign(new Error('Stack with id x'), { name }));
    expect(await versions()).toMatch(/^secretVersions=[0-9a-f]{16}$/);
  });

  test('a failure to look at the stack is told', async () => {
    stacks.on(DescribeStacksCommand).rejects(new Error('reset by peer'));
    await expect(versions()).rejects.toThrow('reset by peer');
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
  expect(io.err()).toContain('deployed; next: ./bin/metals smoke-test');
});

describe('the next command reaches the same deployment', () => {
  const global = { stage: 'staging', profile: 'work', region: 'eu-west-3' };
  const prefix = './bin/metals --stage staging --region eu-west-3 --profile work';

  test('after success', async () => {
    const io = fakeIo({});
    await deploy(contextOf(io, global), { yes: true }, () => Promise.resolve(0));
    expect(io.err()).toContain(`deployed; next: ${prefix} smoke-test\n`);
  });

  test('after a failure, with the settings and what was chosen besides', async () => {
    const interruption = notInterrupted();
    const io = fakeIo({});
    const context = contextOf(io, global);
    const options = { yes: true, rollback: false, context: ['workers=3', 'kafkaMode=kraft'] };
    await expect(deploy(context, options, () => Promise.resolve(1))).rejects.toMatchObject({
      next: expect.arrayContaining([
        './bin/metals deploy --no-rollback --context workers=3 --context kafkaMode=kraft    # goes on where it stopped',
      ]),
    });
    expect(context.leaveBehind).toContain(
      'go on:  ./bin/metals deploy --no-rollback --context workers=3 --context kafkaMode=kraft',
    );
    found({ verdict: 'fails', next: ['aws ec2 create-default-vpc'] });
    expect(await runCli([...words(global), 'deploy', '--yes', '-c', 'workers=3'], io, interruption)).toBe(3);
    expect(io.err()).toContain('next:  aws --region eu-west-1 --profile work ec2 create-default-vpc\n');
    expect(io.err()).toContain(`next:  ${prefix} preflight --context workers=3    # shows all checks\n`);
    expect(io.err()).toContain(`next:  ${prefix} deploy --no-preflight --context workers=3    # tries anyway\n`);
  });

  const words = (options: Readonly<Record<string, string>>): string[] =>
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
});

test('--json prints one value, with no outputs when the CDK wrote none', async () => {
  const io = fakeIo(LAB_ENV);
  await deploy(contextOf(io, { json: true }), {}, () => Promise.resolve(0));
  expect(parseBySchema('deploy', io.out())).toEqual({ stage: 'lab', region: 'eu-west-1', dryRun: false, outputs: {} });
});

test('a failed deployment names what to do next', async () => {
  const failing = deploy(contextOf(fakeIo(LAB_ENV)), {}, () => Promise.resolve(1));
  await expect(failing).rejects.toMatchObject({
    what: 'the deployment failed',
    why: 'cdk deploy ended with exit code 1; its reason is above',
    next: expect.arrayContaining(['./bin/metals status']),
    exitCode: 1,
  });
});

describe('a deployment that CloudFormation rolls back takes its evidence with it', () => {
  const global = { stage: 'staging', profile: 'work', region: 'eu-west-3' };
  const prefix = './bin/metals --stage staging --region eu-west-3 --profile work deploy';
  const keeps = '# keeps what a first creation that fails has made: its instances, to look at';
  const cdkFails: RunCdk = () => Promise.resolve(1);
  const advice = async (options: DeployOptions): Promise<string> => {
    const io = fakeIo({});
    const context = contextOf(io, global);
    const error: unknown = await deploy(context, { yes: true, ...options }, cdkFails).catch(
      (thrown: unknown) => thrown,
    );
    return (error as CliError).next.map((line) => completeCommands(line, context.given)).join('\n');
  };

  test('so the next one is told how to keep it, with the same stage, region, profile and settings', async () => {
    const next = await advice({ context: ['workers=3'] });
    expect(next).toContain(`${prefix} --no-rollback --context workers=3    ${keeps}`);
    expect(next).toContain(`${prefix} --context workers=3    # begins again with what was rolled back`);
  });

  test('unless it was kept already, or nothing was deployed', async () => {
    expect(await advice({ rollback: false })).toContain(`${prefix} --no-rollback    # goes on where it stopped`);
    expect(await advice({ rollback: false })).not.toContain(keeps);
    expect(await advice({ dryRun: true })).not.toContain('--no-rollback');
  });
});

describe('a failure says how far it got', () => {
  const refused = Object.assign(new Error('User me is not authorized'), { name: 'AccessDeniedException' });

  test.each([
    ['--yes --no-preflight', 'the deployment did not start'],
    ['--dry-run', 'the comparison was not made'],
  ])('deploy %s, before the CDK is started', async (flags, what) => {
    secrets.on(DescribeSecretCommand).rejects(refused);
    const io = fakeIo(AWS_ENV);
    expect(await runCli(['deploy', ...flags.split(' ')], io, notInterrupted())).toBe(4);
    expect(io.err()).toContain(`error: ${what} [forbidden]\n`);
  });

  test('a preflight that cannot be made', async () => {
    looked.mockRejectedValue(refused);
    const io = fakeIo(AWS_ENV);
    expect(await runCli(['deploy', '--yes'], io, notInterrupted())).toBe(4);
    expect(io.err()).toContain('error: the deployment did not start [forbidden]\n');
  });

  test('a setting without a value, in a comparison', async () => {
    const io = fakeIo(AWS_ENV);
    expect(await runCli(['deploy', '--dry-run', '-c', 'kafkaMode'], io, notInterrupted())).toBe(2);
    expect(io.err()).toContain('error: the comparison was not made [usage]\n');
  });

  test.each([
    [{ yes: true }, 'the deployment failed', 3],
    [{ dryRun: true }, 'the comparison failed', 0],
  ])('%j, from the moment when the CDK is started', async (options, what, left) => {
    const context = contextOf(fakeIo(AWS_ENV));
    const lost = new Error('spawn ENOMEM');
    await expect(deploy(context, options, () => Promise.reject(lost))).rejects.toBe(lost);
    expect(context.failure).toBe(what);
    // A comparison leaves nothing behind.
    expect(context.leaveBehind).toHaveLength(left);
  });
});

test.each([{ yes: true }, { yes: true, preflight: false }, { dryRun: true }])(
  'settings are checked before anybody is asked: %j',
  async (options) => {
    const io = fakeIo(AWS_ENV);
    const failing = deploy(contextOf(io), { ...options, context: ['workers=0', 'kafkamode=zookeeper'] }, never);
    await expect(failing).rejects.toMatchObject({
      why: expect.stringMatching(/kafkamode: unknown key.*"kafkaMode"[^]*workers: got "0", expected a whole number/),
      next: ['./bin/metals deploy --help', 'lib/config.ts describes every setting'],
      exitCode: 2,
    });
    expect(looked).not.toHaveBeenCalled();
    expect(secrets.calls()).toHaveLength(0);
  },
);

test('Ctrl-C is answered at once, although what runs takes its time to stop', async () => {
  const controller = new AbortController();
  const io = fakeIo(AWS_ENV);
  looked.mockReturnValue(new Promise(() => undefined));
  jest.useFakeTimers();
  const running = runCli(['preflight'], io, { signal: controller.signal, exitCode: () => 130 });
  await jest.advanceTimersByTimeAsync(1000);
  controller.abort();
  await jest.advanceTimersByTimeAsync(100);
  expect(io.err()).toMatch(/stopping …\n$/);
  await jest.advanceTimersByTimeAsync(5000);
  jest.useRealTimers();
  expect(await running).toBe(130);
  expect(io.err()).toContain('interrupted\n  nothing is left behind');
});

test('without a terminal it needs --yes, and changes nothing', async () => {
  await expect(deploy(contextOf(fakeIo(AWS_ENV)), {}, never)).rejects.toMatchObject({
    why: 'it asks before it widens permissions, and nobody can answer here: stdin is not a terminal',
    next: ['add --yes to deploy without being asked, or --dry-run to see the changes'],
    exitCode: 2,
  });
  expect(looked).not.toHaveBeenCalled();
});

test('it looks first: what would fail ends it before the CDK starts, with all commands', async () => {
  found(
    { verdict: 'fails', next: ['set availabilityZones=a,c'] },
    { check: 'cdk bootstrap', verdict: 'fails', next: ['bootstrap'] },
  );
  await expect(deploy(contextOf(fakeIo(AWS_ENV)), { yes: true }, never)).rejects.toMatchObject({
    what: 'the deployment did not start',
    why: 'zones: two; needed: three\ncdk bootstrap: two; needed: three',
    next: [
      'set availabilityZones=a,c',
      'bootstrap',
      './bin/metals preflight    # shows all checks',
      './bin/metals deploy --no-preflight    # tries anyway',
    ],
    exitCode: 3,
  });
});

test('a deployer that may not look at everything still deploys, and is told', async () => {
  found(
    { verdict: 'refused', measured: 'these credentials lack ec2:DescribeVpcs' },
    { verdict: 'skipped', check: 'capacity' },
  );
  const io = fakeIo(AWS_ENV);
  expect(await deploy(contextOf(io), { yes: true }, () => Promise.resolve(0))).toBe(0);
  expect(io.err()).toContain('preflight: zones: these credentials lack ec2:DescribeVpcs');
  expect(io.err()).toContain('preflight skipped in the lab: capacity');
});

test.each([{ yes: true, preflight: false }, { dryRun: true }])('%j does not look first', async (options) => {
  found({ verdict: 'fails' });
  expect(await deploy(contextOf(fakeIo(AWS_ENV)), options, () => Promise.resolve(0))).toBe(0);
  expect(looked).not.toHaveBeenCalled();
});

test('a setting without a value is refused', async () => {
  await expect(deploy(contextOf(fakeIo(LAB_ENV)), { context: ['kafkaMode'] }, never)).rejects.toMatchObject({
    why: '--context: got "kafkaMode", expected key=value',
    exitCode: 2,
  });
});

test('a stage is named by --stage alone: as a setting it would leave hints and secrets to another one', async () => {
  await expect(deploy(contextOf(fakeIo(LAB_ENV)), { context: ['stage=foo'] }, never)).rejects.toMatchObject({
    why: '--context: the stage is no setting here',
    next: ['use --stage: ./bin/metals deploy --stage foo'],
    exitCode: 2,
  });
});

test('the CDK hears of one stage only, whatever the shell has', async () => {
  let heard: string | undefined;
  const context = contextOf(fakeIo(LAB_ENV), { stage: 'blue' });
  await deploy(context, {}, (_args, env) => Promise.resolve(((heard = env.METALS_STAGE), 0)));
  expect(heard).toBe('blue');
});

/** From the question to the smoke test. */
import {
  CloudFormationClient,
  CreateChangeSetCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeAssociationCommand,
  ListAssociationsCommand,
  ListCommandsCommand,
  SSMClient,
  type Command,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import type { ReadBundle } from '../../../lib/cli/assets-bucket';
import { rollback, type RollbackOptions, type Surroundings } from '../../../lib/cli/commands/rollback';
import { readContext } from '../../../lib/cli/context';
import { CliError } from '../../../lib/cli/errors';
import { versionName } from '../../../lib/cli/versions';
import { rotationAssociation } from '../../../lib/contract';
import { documentsAre } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const cloudFormation = mockClient(CloudFormationClient);
type Parameters = Record<string, string>;

const parametersOf = (bundle: string, over: Parameters = {}): Parameters => ({
  ...{ BundleBucket: 'assets', BundleKey: `metals/lab/${bundle}.gz`, BundleSha256: bundle.repeat(64) },
  ...{ Images: `edge=r:1,producer=r:${bundle}`, KafkaMode: 'kraft', ...over },
});
const [OLD, NEW] = [parametersOf('a'), parametersOf('b')];

const lists = (parameters: Parameters) =>
  Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, [value]]));

const sent = (minute: number, parameters: Parameters): Command => ({
  ...{ DocumentName: 'metals-lab-stack-deploy', Status: 'Success', Parameters: lists(parameters) },
  Comment: 'CloudFormation Update of Runstackdeploy',
  RequestedDateTime: new Date(Date.UTC(2026, 10, 29, 10, minute)),
});

/** The bundles, by their keys. */
let bundles: Record<string, ReadBundle>;
/** Templates that were put into the bucket. */
let templates: string[];
/** While the question stands open. */
let meanwhile: () => void;
let smokeError: Error | undefined;

beforeEach(() => {
  for (const client of [ssm, cloudFormation]) client.reset();
  documentsAre(ssm, 'metals-lab-stack-deploy');
  deployedAre([OLD, NEW]);
  const rate = (perSecond: number): ReadBundle =>
    new Map([['config/producer.yml', `feed:\n  rate_per_second: ${perSecond}\n`]]);
  bundles = { [OLD.BundleKey!]: rate(1), [NEW.BundleKey!]: rate(3) };
  templates = [];
  meanwhile = () => undefined;
  smokeError = undefined;
  cloudFormation.on(CreateChangeSetCommand).resolves({});
  cloudFormation.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_COMPLETE' });
  cloudFormation.on(ExecuteChangeSetCommand).resolves({});
  stackEnds('UPDATE_COMPLETE');
});

const templateIs = (parameters: Parameters) =>
  cloudFormation.on(GetTemplateCommand).resolves({ TemplateBody: JSON.stringify(templateOf(parameters)) });
const templateOf = (parameters: Parameters) => ({ Resources: { Deploy: { Properties: { Parameters: parameters } } } });

/** One after the other; the last one is what has converged. */
function deployedAre(versions: Parameters[]): void {
  ssm.on(ListCommandsCommand).resolves({ Commands: versions.map((parameters, minute) => sent(minute, parameters)) });
  const AssociationName = rotationAssociation('lab');
  ssm.on(ListAssociationsCommand).resolves({ Associations: [{ AssociationName, AssociationId: 'a-1' }] });
  ssm.on(DescribeAssociationCommand).resolves({ AssociationDescription: { Parameters: lists(versions.at(-1)!) } });
  templateIs(versions.at(-1)!);
}

function isIn(StackStatus: string): void {
  const stack = { StackName: 'metals-lab-pipeline', CreationTime: new Date(0), StackStatus: StackStatus as never };
  cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [stack] });
}

const executions = () => cloudFormation.commandCalls(ExecuteChangeSetCommand);

/** @param before token of the update before */
function stackEnds(ResourceStatus: string, reason?: string, before = 'exec1'): void {
  isIn('UPDATE_COMPLETE');
  cloudFormation.on(DescribeStackEventsCommand).callsFake(() => {
    const ofStack = { LogicalResourceId: 'metals-lab-pipeline', ResourceType: 'AWS::CloudFormation::Stack' };
    const earlier = { ...ofStack, ResourceStatus: 'UPDATE_COMPLETE', ClientRequestToken: before };
    if (executions().length === 0) return { StackEvents: [earlier] };
    const { ClientRequestToken } = executions()[0]!.args[0].input;
    const failed = { LogicalResourceId: 'Deploy', ResourceStatus: 'UPDATE_FAILED', ResourceStatusReason: reason };
    const events = [{ ...ofStack, ResourceStatus }, ...(reason === undefined ? [] : [failed])];
    return { StackEvents: [...events.map((event) => ({ ...event, ClientRequestToken })), earlier] };
  });
}

async function run(options: RollbackOptions = { yes: true }, { json = false, tty = false, serves = true } = {}) {
  const io = fakeIo(LAB_ENV, tty);
  const context = readContext({ json, color: true }, io, new AbortController().signal);
  const surroundings: Surroundings = {
    confirm: () => {
      meanwhile();
      return Promise.resolve(serves);
    },
    readBundle: (_context, _region, { BundleKey }) => Promise.resolve(bundles[BundleKey!]!),
    putTemplate: (_context, _region, bucket, template) => {
      templates.push(template);
      return Promise.resolve(`https://${bucket}/t.json`);
    },
    runSmokeTest: () =>
      smokeError
        ? Promise.reject(smokeError)
        : Promise.resolve({ passed: serves, steps: [], reason: serves ? '' : 'no price came' }),
  };
  const result = await rollback(context, options, surroundings).then(
    (code) => ({ code, error: undefined }),
    (error: { name: string; what: string; why: string; code: string; next: string[] }) => ({ code: undefined, error }),
  );
  const { failure, leaveBehind: leftBehind } = context;
  return { ...result, failure, leftBehind, out: io.out(), err: io.err() };
}

test('the version before is deployed by CloudFormation, and looked at', async () => {
  const { code, error, err } = await run();
  expect({ code, error }).toEqual({ code: 0, error: undefined });
  expect(executions()[0]!.args[0].input.StackName).toBe('metals-lab-pipeline');
  const [change] = cloudFormation.commandCalls(CreateChangeSetCommand);
  expect(change!.args[0].input.TemplateURL).toBe('https://assets/t.json');
  expect(JSON.parse(templates[0]!)).toEqual(
    templateOf({ ...NEW, BundleKey: OLD.BundleKey!, BundleSha256: OLD.BundleSha256!, Images: OLD.Images! }),
  );
  expect(err).toContain(
    `from version ${versionName(NEW)} (2026-11-29 10:01:00 UTC) to version ${versionName(OLD)} (2026-11-29 10:00:00 UTC)\n` +
      '  images: producer\n  config/producer.yml feed.rate_per_second: 3 → 1\n',
  );
  expect(err).toContain(`version ${versionName(OLD)} is deployed and serves; ./bin/metals deploy `);
});

test('as JSON', async () => {
  const value = {
    ...{ stage: 'lab', rolled_back: true, from: versionName(NEW), to: versionName(OLD) },
    smoke_test: { passed: true, steps: [], reason: '' },
    differences: [{ file: 'config/producer.yml', setting: 'feed.rate_per_second', from: '3', to: '1' }],
  };
  expect(parseBySchema('rollback', (await run({ dryRun: true }, { json: true })).out)).toEqual({
    ...value,
    ...{ rolled_back: false, smoke_test: null },
  });
  expect(parseBySchema('rollback', (await run({ yes: true }, { json: true })).out)).toEqual(value);
});

test('one that does not serve ends with 3, and says so last', async () => {
  const { code, err } = await run({ yes: true }, { serves: false });
  expect(code).toBe(3);
  expect(err).toMatch(
    /no price came\n.*\nversion \w{12} is deployed and does NOT serve as it should; next: .+ doctor\n$/,
  );
});

test('without a change', async () => {
  const { code, err } = await run({ dryRun: true });
  expect({ code, updates: executions() }).toEqual({ code: 0, updates: [] });
  expect(err).toMatch(/nothing was changed\n$/);
});

describe('CloudFormation', () => {
  test('that takes it back: the cause first, and what is deployed', async () => {
    stackEnds('UPDATE_ROLLBACK_COMPLETE', 'no room for kafka');
    const { error } = await run();
    expect(error).toMatchObject({ what: 'the earlier version was not deployed', code: 'deployment-failed' });
    expect(error!.why).toBe(
      'Deploy: no room for kafka\nmetals-lab-pipeline is UPDATE_ROLLBACK_COMPLETE: what was deployed is deployed again',
    );
    expect(error!.next).toContain(`./bin/metals rollback --to ${versionName(OLD)}    # tries again`);
  });

  test('that cannot even take it back', async () => {
    stackEnds('UPDATE_ROLLBACK_FAILED', 'no manager');
    const { error } = await run();
    expect(error!.why).toMatch(/UPDATE_ROLLBACK_FAILED: it was not taken back$/);
    expect(error!.next.join()).toContain('npm run cdk -- rollback metals-lab-pipeline --context stage=lab');
  });

  test('that takes no change', async () => {
    const message = 'Stack is in UPDATE_IN_PROGRESS state and can not be updated.';
    cloudFormation.on(CreateChangeSetCommand).rejects(Object.assign(new Error(message), { name: 'ValidationError' }));
    expect((await run()).error).toMatchObject({ what: 'nothing was rolled back', code: 'refused', why: message });
  });

  test('that may not read what the template refers to: where the rights are', async () => {
    const StatusReason = "AccessDenied. User doesn't have permission to call ssm:GetParameters";
    cloudFormation.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason });
    expect((await run()).error).toMatchObject({ code: 'forbidden', why: expect.stringContaining(StatusReason) });
  });

  test('that has that version already: it is looked at all the same', async () => {
    const StatusReason = "The submitted information didn't contain changes.";
    cloudFormation.on(DescribeChangeSetCommand).resolves({ Status: 'FAILED', StatusReason });
    const { code, out } = await run({ yes: true }, { json: true });
    expect([code, parseBySchema('rollback', out)]).toMatchObject([0, { rolled_back: false }]);
  });

  test('that cannot be watched any more goes on, and it is not said to have failed', async () => {
    cloudFormation.on(DescribeStackEventsCommand).callsFake(() => {
      if (executions().length > 0) throw Object.assign(new Error('expired'), { name: 'ExpiredTokenException' });
      return { StackEvents: [] };
    });
    const { error, failure, leftBehind } = await run();
    expect(error).toMatchObject({ name: 'ExpiredTokenException' });
    expect(failure).toMatch(/^whether version \w{12} is deployed is not known: CloudFormation goes on$/);
    expect(leftBehind[0]).toContain('CloudFormation finishes by itself');
  });
});

test('a smoke test that cannot run: what is known comes first', async () => {
  smokeError = new CliError('the smoke test did not run', 'no manager is online', ['look'], 'no-manager');
  expect((await run()).error).toMatchObject({
    what: `version ${versionName(OLD)} is deployed, and whether it serves is not known`,
    ...{ why: 'no manager is online', next: ['look'], code: 'no-manager' },
  });
});

describe('refused, with nothing changed:', () => {
  afterEach(() => expect(executions()).toEqual([]));

  test.each(['abc', 'ABCD', '$(id)', '0123456789abc', 'a;rm', ''])('--to %j', async (to) => {
    expect((await run({ to, yes: true })).error).toMatchObject({ code: 'usage' });
  });

  test('where nobody can answer, or the answer is not yes', async () => {
    expect((await run({})).error).toMatchObject({ code: 'unconfirmed' });
    expect((await run({}, { tty: true, serves: false })).error).toMatchObject({ code: 'declined' });
  });

  test('a stage that has not converged yet', async () => {
    ssm.on(ListAssociationsCommand).resolves({ Associations: [] });
    expect((await run()).error).toMatchObject({ code: 'refused', why: expect.stringContaining('has converged yet') });
  });

  test('the same command again: others are named', async () => {
    stackEnds('UPDATE_COMPLETE', undefined, 'metals-rollback-1');
    const { error } = await run();
    expect(error!.why).toContain('is an earlier one already, deployed by metals rollback');
    expect(error!.next).toEqual([
      `./bin/metals rollback --to ${versionName(OLD)}    # of 2026-11-29 10:00:00 UTC`,
      './bin/metals history    # shows the versions',
    ]);
  });

  test.each([
    ['UPDATE_IN_PROGRESS', 'another deployment is under way', 'describe-stack-events'],
    ['UPDATE_FAILED', 'a deployment with --no-rollback has not ended', './bin/metals deploy --no-rollback'],
    ['UPDATE_ROLLBACK_FAILED', 'could not take back a deployment', 'npm run cdk -- rollback metals-lab-pipeline'],
  ])('a stack that is %s', async (status, why, next) => {
    isIn(status);
    const { error } = await run();
    expect(error).toMatchObject({ code: 'refused', why: expect.stringContaining(`${status}: `) });
    expect([error!.why, error!.next.join()]).toEqual([expect.stringContaining(why), expect.stringContaining(next)]);
  });

  test('a template of another version than has converged', async () => {
    templateIs(parametersOf('c'));
    expect((await run()).error!.why).toContain(`holds another version than ${versionName(NEW)}`);
  });

  test('what somebody deploys while the question stands open', async () => {
    const [other, images] = [parametersOf('c'), parametersOf('b', { Images: 'edge=r:9' })];
    meanwhile = () => deployedAre([OLD, NEW, other]);
    expect((await run({}, { tty: true })).error!.why).toContain(`holds another version than ${versionName(NEW)}`);
    deployedAre([OLD, NEW]);
    meanwhile = () => deployedAre([OLD, NEW, images]);
    expect((await run({}, { tty: true })).error!.why).toBe(
      `version ${versionName(images)} was deployed meanwhile, not ${versionName(NEW)}`,
    );
  });

  test('a bundle that has gone', async () => {
    bundles[OLD.BundleKey!] = { why: 's3://assets/a.gz is no longer there' };
    expect((await run()).error!.why).toBe(
      `the bundle of version ${versionName(OLD)}: s3://assets/a.gz is no longer there`,
    );
  });

  test("Kafka's metadata kept by somebody else", async () => {
    deployedAre([parametersOf('a', { KafkaMode: 'zookeeper' }), NEW]);
    expect((await run()).error!.why).toContain('was deployed with KafkaMode zookeeper, and kraft is deployed');
  });

  test('another image of an engine', async () => {
    deployedAre(['a', 'b'].map((bundle) => parametersOf(bundle, { Images: `edge=r:1,mongodb=r:${bundle}` })));
    expect((await run()).error!.why).toContain('has another image of mongodb, and an older engine may not read');
  });

  test('prices that were kept shorter: by name, with both values', async () => {
    for (const [{ BundleKey }, days] of [
      [OLD, 30],
      [NEW, 0],
    ] as const)
      bundles[BundleKey!] = new Map([['config/tools.yml', `price_retention_days: ${days}\n`]]);
    const { error } = await run();
    expect(error!.why).toMatch(/delete or hide what is stored:\nconfig\/tools.yml price_retention_days: 0 → 30$/);
    expect(error!.next[0]).toContain('./bin/metals deploy    # once what is wrong with the present version is mended');
  });
});

/** From the question to the smoke test. */
import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  GetTemplateCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeAssociationCommand,
  ListAssociationsCommand,
  ListCommandsCommand,
  SSMClient,
  type Command,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import type { Files } from '../../../lib/cli/bundle-differences';
import { rollback, type RollbackOptions, type Surroundings } from '../../../lib/cli/commands/rollback';
import { readContext } from '../../../lib/cli/context';
import { versionName } from '../../../lib/cli/versions';
import { rotationAssociation } from '../../../lib/contract';
import { documentsAre } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const cloudFormation = mockClient(CloudFormationClient);
const [OLD, NEW] = ['a', 'b'].map((bundle) => parametersOf(bundle)) as [Parameters, Parameters];
type Parameters = Record<string, string>;

function parametersOf(bundle: string, over: Parameters = {}): Parameters {
  return {
    ...{ BundleBucket: 'assets', BundleKey: `metals/lab/${bundle}.gz`, BundleSha256: bundle.repeat(64) },
    ...{ Images: `edge=r:1,producer=r:${bundle}`, KafkaMode: 'kraft', ...over },
  };
}

const lists = (parameters: Parameters) =>
  Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, [value]]));

const sent = (minute: number, parameters: Parameters): Command => ({
  ...{ DocumentName: 'metals-lab-stack-deploy', Status: 'Success', Parameters: lists(parameters) },
  Comment: 'CloudFormation Update of Runstackdeploy',
  RequestedDateTime: new Date(Date.UTC(2026, 10, 29, 10, minute)),
});

/** The bundles, by their keys; none where it has gone. */
let bundles: Record<string, Files | undefined>;
const TEMPLATE = { Resources: { Deploy: { Properties: { Parameters: NEW } } } };

beforeEach(() => {
  for (const client of [ssm, cloudFormation]) client.reset();
  documentsAre(ssm, 'metals-lab-stack-deploy');
  deployedAre([OLD, NEW]);
  bundles = {
    [OLD.BundleKey!]: new Map([['config/producer.yml', 'feed:\n  rate_per_second: 1\n']]),
    [NEW.BundleKey!]: new Map([['config/producer.yml', 'feed:\n  rate_per_second: 3\n']]),
  };
  cloudFormation.on(GetTemplateCommand).resolves({ TemplateBody: JSON.stringify(TEMPLATE) });
  cloudFormation.on(UpdateStackCommand).resolves({});
  stackEnds('UPDATE_COMPLETE');
});

/** One after the other; the last one is what the association knows. */
function deployedAre(versions: Parameters[]): void {
  ssm.on(ListCommandsCommand).resolves({ Commands: [] });
  const Filters = [{ key: 'DocumentName' as const, value: 'metals-lab-stack-deploy' }];
  ssm
    .on(ListCommandsCommand, { Filters })
    .resolves({ Commands: versions.map((parameters, minute) => sent(minute, parameters)) });
  const AssociationName = rotationAssociation('lab');
  ssm.on(ListAssociationsCommand).resolves({ Associations: [{ AssociationName, AssociationId: 'a-1' }] });
  ssm.on(DescribeAssociationCommand).resolves({ AssociationDescription: { Parameters: lists(versions.at(-1)!) } });
}

function stackEnds(StackStatus: string, reason?: string): void {
  cloudFormation.on(DescribeStacksCommand).resolves({ Stacks: [{ StackName: 's', StackStatus } as never] });
  cloudFormation.on(DescribeStackEventsCommand).callsFake(() => {
    const [call] = cloudFormation.commandCalls(UpdateStackCommand);
    const { ClientRequestToken } = call!.args[0].input;
    const failed = { LogicalResourceId: 'Deploy', ResourceStatus: 'UPDATE_FAILED', ResourceStatusReason: reason };
    return { StackEvents: reason === undefined ? [] : [{ ...failed, ClientRequestToken }] };
  });
}

async function run(options: RollbackOptions = { yes: true }, { json = false, tty = false, serves = true } = {}) {
  const io = fakeIo(LAB_ENV, tty);
  const context = readContext({ json, color: true }, io, new AbortController().signal);
  const surroundings: Surroundings = {
    confirm: () => Promise.resolve(serves),
    readBundle: (_context, _region, { BundleKey }) => Promise.resolve(bundles[BundleKey!]),
    runSmokeTest: () => Promise.resolve({ passed: serves, steps: [], reason: serves ? '' : 'no price came' }),
  };
  const result = await rollback(context, options, surroundings).then(
    (code) => ({ code, error: undefined }),
    (error: { what: string; why: string; code: string; next: string[] }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err(), updates: cloudFormation.commandCalls(UpdateStackCommand) };
}

test('the version before is deployed by CloudFormation, and looked at', async () => {
  const { code, error, err, updates } = await run();
  expect({ code, error }).toEqual({ code: 0, error: undefined });
  const { StackName, TemplateBody } = updates[0]!.args[0].input;
  expect(StackName).toBe('metals-lab-pipeline');
  expect(JSON.parse(TemplateBody!)).toEqual({ Resources: { Deploy: { Properties: { Parameters: OLD } } } });
  expect(err).toContain(
    `from version ${versionName(NEW)} (2026-11-29 10:01:00 UTC) to version ${versionName(OLD)} (2026-11-29 10:00:00 UTC)\n` +
      '  images: producer\n  config/producer.yml feed.rate_per_second: 3 → 1\n',
  );
  expect(err).toContain(`version ${versionName(OLD)} is deployed and serves; ./bin/metals deploy `);
});

test('as JSON', async () => {
  const value = {
    ...{ stage: 'lab', rolled_back: true, serving: true, from: versionName(NEW), to: versionName(OLD) },
    differences: [{ file: 'config/producer.yml', setting: 'feed.rate_per_second', from: '3', to: '1' }],
  };
  expect(parseBySchema('rollback', (await run({ yes: true }, { json: true })).out)).toEqual(value);
  expect(parseBySchema('rollback', (await run({ dryRun: true }, { json: true })).out)).toEqual({
    ...value,
    ...{ rolled_back: false, serving: null },
  });
});

test('one that does not serve ends with 3, and says so last', async () => {
  const { code, err } = await run({ yes: true }, { serves: false });
  expect(code).toBe(3);
  expect(err).toMatch(/no price came\n.*\nversion [0-9a-f]{12} is deployed and does NOT serve as it should; .+\n$/);
});

test('without a change', async () => {
  const { code, err, updates } = await run({ dryRun: true });
  expect({ code, updates }).toEqual({ code: 0, updates: [] });
  expect(err).toMatch(/nothing was changed\n$/);
});

describe('CloudFormation', () => {
  test('that takes it back: the cause first, and what is deployed', async () => {
    stackEnds('UPDATE_ROLLBACK_COMPLETE', 'no room for kafka');
    const { error } = await run();
    expect(error).toMatchObject({ what: 'the version of before was not deployed', code: 'deployment-failed' });
    expect(error!.why).toBe(
      'Deploy: no room for kafka\nmetals-lab-pipeline is UPDATE_ROLLBACK_COMPLETE: what was deployed is deployed again',
    );
    expect(error!.next).toContain(`./bin/metals rollback --to ${versionName(OLD)}    # tries again`);
  });

  test('that cannot even take it back', async () => {
    stackEnds('UPDATE_ROLLBACK_FAILED', 'no manager');
    expect((await run()).error!.why).toMatch(/UPDATE_ROLLBACK_FAILED: it was not taken back$/);
  });

  test('that is at work already changes nothing', async () => {
    const refusal = Object.assign(new Error('Stack is in UPDATE_IN_PROGRESS state and can not be updated.'), {
      name: 'ValidationError',
    });
    cloudFormation.on(UpdateStackCommand).rejects(refusal);
    expect((await run()).error).toMatchObject({
      what: 'nothing was rolled back',
      code: 'refused',
      why: refusal.message,
    });
  });
});

describe('refused, with nothing changed:', () => {
  afterEach(() => expect(cloudFormation.commandCalls(UpdateStackCommand)).toEqual([]));

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
    deployedAre([OLD, NEW, OLD]);
    const { error } = await run();
    expect(error!.why).toContain('is one of before already');
    expect(error!.next).toEqual([
      `./bin/metals rollback --to ${versionName(NEW)}    # of 2026-11-29 10:01:00 UTC`,
      './bin/metals history    # shows the versions',
    ]);
  });

  test('a bundle that has gone', async () => {
    bundles[OLD.BundleKey!] = undefined;
    expect((await run()).error!.why).toBe(`the bundle of version ${versionName(OLD)} is no longer in bucket assets`);
  });

  test("Kafka's metadata kept by somebody else", async () => {
    deployedAre([parametersOf('a', { KafkaMode: 'zookeeper' }), NEW]);
    expect((await run()).error!.why).toContain('was deployed with KafkaMode zookeeper, and kraft is deployed');
  });

  test('prices that were kept shorter: by name, with both values', async () => {
    for (const [key, days] of [
      [OLD.BundleKey!, 30],
      [NEW.BundleKey!, 0],
    ] as const)
      bundles[key] = new Map([['config/tools.yml', `price_retention_days: ${days}\n`]]);
    const { error } = await run();
    expect(error!.why).toMatch(/delete or hide what is stored:\nconfig\/tools.yml price_retention_days: 0 → 30$/);
    expect(error!.next[0]).toContain('./bin/metals deploy    # from a checkout of that version');
  });
});

/** Which version is deployed again, and how. */
import { ListCommandsCommand, SSMClient, type Command } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { choose, rollback, versionsOf, type RollbackOptions } from '../../../lib/cli/commands/rollback';
import { readContext } from '../../../lib/cli/context';
import { readConfig } from '../../../lib/config';
import { documentsAre } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(64)) as [string, string, string];
const IMAGES = '000000000000.dkr.ecr.eu-west-1.amazonaws.com/assets:';

const sent = (
  minute: number,
  sha256: string,
  over: Record<string, string> = {},
  rest: Partial<Command> = {},
): Command => ({
  CommandId: `c-${minute}`,
  Comment: 'CloudFormation Update of Runstackdeploy',
  Status: 'Success',
  RequestedDateTime: new Date(Date.UTC(2026, 10, 29, 10, minute)),
  Parameters: Object.fromEntries(
    Object.entries({
      ...{ BundleKey: `metals/lab/${sha256}.gz`, BundleSha256: sha256, KafkaMode: 'kraft', Versions: 'v' },
      ...{ Images: `edge=${IMAGES}1,producer=${IMAGES}2`, ...over },
    }).map(([name, value]) => [name, [value]]),
  ),
  ...rest,
});

describe('the version', () => {
  const bundleOf = (commands: Command[], wanted?: string): string => {
    const newestFirst = [...commands].reverse();
    return choose(versionsOf(newestFirst), wanted).to.parameters.BundleSha256!.slice(0, 1);
  };

  test('is the one before that has converged, and not the same again', () => {
    expect(bundleOf([sent(0, A), sent(1, B), sent(2, C, {}, { Status: 'Failed' }), sent(3, B), sent(4, B)])).toBe('a');
  });

  test('after a rollback is the one that was rolled back from', () => {
    expect(bundleOf([sent(0, A), sent(1, B), sent(2, A)])).toBe('b');
  });

  test('with the same bundle and other images is another one', () => {
    expect(bundleOf([sent(0, A, { Images: `edge=${IMAGES}9` }), sent(1, A)])).toBe('a');
  });

  test('is the one that is named', () => {
    expect(bundleOf([sent(0, A), sent(1, B), sent(2, C)], 'aaaa')).toBe('a');
  });

  test('is none that metals or an association has deployed: those are of the same version', () => {
    const commands = [sent(0, A), sent(1, B, {}, { Comment: 'metals stack-deploy' }), sent(2, C)];
    expect(bundleOf(commands)).toBe('a');
  });

  test.each([
    [[], undefined, 'no deployment of the last 30 days has converged'],
    [[sent(0, A), sent(1, A)], undefined, 'no other version was deployed in the last 30 days'],
    [[sent(0, A), sent(1, B)], 'bbbb', 'bundle bbbb is what is deployed'],
    [[sent(0, A), sent(1, B)], 'cccc', 'no version with bundle cccc has converged in the last 30 days'],
    [
      [sent(0, `aaaa${'0'.repeat(60)}`), sent(1, `aaaa${'1'.repeat(60)}`), sent(2, B)],
      'aaaa',
      '2 bundles begin with aaaa',
    ],
    [[sent(0, A, { KafkaMode: 'zookeeper' }), sent(1, B)], undefined, "kept Kafka's metadata in zookeeper mode"],
    [[sent(0, A, { Images: '$(id)' }), sent(1, B)], undefined, 'does not say all of what it deployed'],
  ])('%# is refused', (commands, wanted, why) => {
    expect(() => bundleOf(commands, wanted)).toThrow(
      expect.objectContaining({ why: expect.stringContaining(why), code: 'refused' }),
    );
  });
});

describe('the verb', () => {
  /** What was deployed: the settings, and the stack. */
  let deployments: [string, string | undefined][];

  beforeEach(() => {
    ssm.reset();
    deployments = [];
    documentsAre(ssm, 'metals-lab-stack-deploy');
    ssm.on(ListCommandsCommand).resolves({ Commands: [sent(0, A), sent(1, B)] });
  });

  async function run(options: RollbackOptions, { json = false, interactive = false, says = true, serves = true } = {}) {
    const io = fakeIo(LAB_ENV, interactive);
    const context = readContext({ json, color: true }, io, new AbortController().signal);
    const work = rollback(context, options, () => Promise.resolve(says), {
      deploy: (_, { context: settings }, _cdk, _ask, deployment) => {
        deployments.push([settings!.join(' '), deployment?.only]);
        return Promise.resolve(0);
      },
      runSmokeTest: () => Promise.resolve({ passed: serves, steps: [], reason: '' }),
    });
    const result = await work.then(
      (code) => ({ code, error: undefined }),
      (error: { why: string }) => ({ code: undefined, error }),
    );
    return { ...result, out: io.out(), err: io.err() };
  }

  test('deploys the stack of the pipeline alone, as the version before, and says that it serves', async () => {
    const { code, err } = await run({ yes: true, context: ['workers=3'] });
    expect(code).toBe(0);
    const release = `metals/lab/${A}.gz;${A};edge=${IMAGES}1,producer=${IMAGES}2`;
    expect(deployments).toEqual([[`workers=3 release=${release}`, 'pipeline']]);
    expect(readConfig({ account: '000000000000', region: 'eu-west-1', release }, {}).release).toBe(release);
    expect(err).toContain(
      'from the version of 2026-11-29T10:01:00.000Z to that of 2026-11-29T10:00:00.000Z: bundle aaaa',
    );
    expect(err).toContain('rolled back, and serving; ./bin/metals deploy    # brings back what is in this folder');
  });

  test('is no success where it does not serve', async () => {
    const { code, err } = await run({ yes: true }, { serves: false });
    expect(code).toBe(3);
    expect(err).toContain('NOT serving');
  });

  test('asks first, and --dry-run only says', async () => {
    expect((await run({})).error?.why).toContain('nobody can answer here');
    expect((await run({}, { interactive: true, says: false })).error?.why).toContain('the answer was not yes');
    expect((await run({ dryRun: true })).err).toContain('nothing was changed');
    expect(deployments).toEqual([]);
  });

  test.each(['xyz!', '$(id)', 'abc', 'A'.repeat(12)])('--to %s is refused', async (to) => {
    expect((await run({ to, yes: true })).error).toMatchObject({ exitCode: 2 });
  });

  test('--json is one value by its schema', async () => {
    const { out } = await run({ yes: true }, { json: true });
    expect(parseBySchema('rollback', out)).toMatchObject({ rolled_back: true, serving: true, to: 'aaaaaaaaaaaa' });
    const dry = await run({ dryRun: true }, { json: true });
    expect(parseBySchema('rollback', dry.out)).toMatchObject({ rolled_back: false, serving: null });
  });
});

/** What Systems Manager keeps, and what is told of it. */
import { GetCommandInvocationCommand, ListCommandsCommand, SSMClient, type Command } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { causeIn, history } from '../../../lib/cli/commands/history';
import { readContext } from '../../../lib/cli/context';
import { changesOf } from '../../../lib/cli/history';
import { documentsAre } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);

/** As stack-deploy is sent in the lab, shortened. */
const deployment = (minute: number, over: Record<string, string> = {}, rest: Partial<Command> = {}): Command => ({
  CommandId: `c-${minute}`,
  DocumentName: 'metals-lab-stack-deploy',
  Comment: 'CloudFormation Update of Runstackdeploy',
  Status: 'Success',
  InstanceIds: ['i-1'],
  RequestedDateTime: new Date(Date.UTC(2026, 10, 29, 10, minute)),
  Parameters: Object.fromEntries(
    Object.entries({
      ...{ Stage: 'lab', BundleSha256: 'a'.repeat(64), Images: 'edge=r:1,producer=r:2', Versions: 'v1,none' },
      ...{ KafkaMode: 'kraft', ...over },
    }).map(([name, value]) => [name, [value]]),
  ),
  ...rest,
});

const other = (minute: number, document: string, parameters: Record<string, string>): Command =>
  deployment(minute, parameters, { DocumentName: `metals-lab-${document}`, Comment: `metals ${document}` });

test('a deployment is told by what differs from the one before', () => {
  const changes = changesOf(
    [
      deployment(0),
      deployment(1),
      deployment(2, { Images: 'edge=r:1,producer=r:3' }),
      deployment(3, { Images: 'edge=r:1,producer=r:3', BundleSha256: 'b'.repeat(64), Versions: 'v2,none' }),
    ],
    'lab',
  );
  expect(changes.map(({ at, detail }) => `${at.slice(11, 16)} ${detail}`)).toEqual([
    '10:03 bundle; secrets',
    '10:02 images producer',
    '10:01 the same again',
    '10:00 the first that is known',
  ]);
});

test('what only looks changes nothing; the rest says what was asked for', () => {
  const changes = changesOf(
    [
      other(0, 'service-scale', { Replicas: 'producer=5,processor=3', DryRun: 'true' }),
      other(1, 'service-scale', { Replicas: 'producer=5,processor=3', DryRun: 'false' }),
      other(2, 'edge-maintenance', { State: 'ask', Message: 'm' }),
      other(3, 'edge-maintenance', { State: 'on', Message: 'back at 14:00 UTC' }),
      other(6, 'edge-maintenance', { State: 'on' }),
      other(4, 'events-rewind', { Since: 'all', DryRun: 'false' }),
      other(5, 'swarm-leave', { Slot: 'worker-3' }),
    ],
    'lab',
  );
  expect(changes.map(({ document, by, detail }) => `${document} ${by} ${detail}`)).toEqual([
    'edge-maintenance metals on',
    'swarm-leave metals worker-3',
    'events-rewind metals since all',
    'edge-maintenance metals on: back at 14:00 UTC',
    'service-scale metals producer=5, processor=3',
  ]);
});

test.each([
  ['Success', 'succeeded'],
  ['Failed', 'failed'],
  ['TimedOut', 'timed out'],
  ['Cancelled', 'cancelled'],
  ['InProgress', 'under way'],
  ['Pending', 'under way'],
] as const)('%s is %s', (Status, outcome) => {
  expect(changesOf([deployment(0, {}, { Status })], 'lab')[0]!.outcome).toBe(outcome);
});

test('the cause is the line that says error', () => {
  expect(causeIn('10:00:01 waiting\nerror: the Swarm has no room\nnext: scale\n')).toBe('the Swarm has no room');
  expect(causeIn('')).toBeUndefined();
});

describe('the verb', () => {
  beforeEach(() => {
    ssm.reset();
    documentsAre(ssm, 'metals-lab-stack-deploy');
    ssm.on(ListCommandsCommand).callsFake(({ Filters }: { Filters: { value: string }[] }) => ({
      Commands: Filters[0]!.value.endsWith('stack-deploy')
        ? [deployment(1, { BundleSha256: 'b'.repeat(64) }, { Status: 'Failed' }), deployment(0)]
        : [],
    }));
    ssm.on(GetCommandInvocationCommand).callsFake(async ({ CommandId }: { CommandId: string }) => ({
      ExecutionStartDateTime: '2026-11-29T10:00:01.000Z',
      ExecutionEndDateTime: '2026-11-29T10:01:13.500Z',
      StandardErrorContent: CommandId === 'c-1' ? 'error: the stack did not converge \u001b[31m\n' : '',
    }));
  });

  async function run(options: { lines?: string } = {}, json = false) {
    const io = fakeIo(LAB_ENV, false);
    const context = readContext({ json, color: true }, io, new AbortController().signal);
    const code = await history(context, options).catch((error: unknown) => error);
    return { code, out: io.out(), err: io.err() };
  }

  test('shows when, what, the outcome with its cause, and how to see all of it', async () => {
    const { code, out, err } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(
      /UTC +document +version +sent by +outcome +took +what\n2026-11-29 10:01:00 +stack-deploy +[0-9a-f]{12} +CloudFormation +failed +.+ bundle: the stack did not converge/,
    );
    expect(out).not.toContain('\u001b[31m');
    expect(err).toContain('aws ssm get-command-invocation --command-id c-1 --instance-id i-1');
  });

  test('--json is one value by its schema', async () => {
    const value = parseBySchema('history', (await run({}, true)).out) as { changes: object[] };
    expect(value.changes[0]).toMatchObject({
      outcome: 'failed',
      seconds: 72.5,
      instance: 'i-1',
      bundle: 'bbbbbbbbbbbb',
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
  });

  test('older ones are left out, and that is said', async () => {
    const { out, err } = await run({ lines: '1' });
    expect(out).not.toContain('10:00:00');
    expect(err).toContain('1 older ones are left out: add --lines 2');
  });

  test.each(['0', '-1', '1e3', '201', 'x'])('--lines %s is refused', async (lines) => {
    expect((await run({ lines })).code).toMatchObject({ exitCode: 2 });
  });
});

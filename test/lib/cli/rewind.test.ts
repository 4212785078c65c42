/** What is asked before events are read again, what is sent, and what is told. */
import { SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { rewind, sinceParameter, type RewindOptions } from '../../../lib/cli/commands/rewind';
import { readContext } from '../../../lib/cli/context';
import { commandsEnd, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const NOW = Date.UTC(2026, 10, 28, 12);

/** What was asked of the document, in order. */
let asked: string[];

const answers = (...end: [status: 'Success' | 'Failed', stdout: string, stderr?: string]): void =>
  commandsEnd(ssm, ...end);

beforeEach(() => {
  ssm.reset();
  asked = [];
  documentsAre(ssm, 'metals-lab-events-rewind');
  managerTakesCommands(ssm, ({ Since, DryRun }) => asked.push(`${Since} ${DryRun}`));
});

async function run(options: RewindOptions, { interactive = false, json = false, says = true } = {}) {
  const io = fakeIo(LAB_ENV, interactive);
  const context = readContext({ json, color: true }, io, new AbortController().signal);
  const result = await rewind(context, options, () => Promise.resolve(says)).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; next: string[] }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err() };
}

describe('the beginning', () => {
  test('a duration is a moment of the past, the same for counting and setting', () => {
    expect(sinceParameter({ since: '24h' }, NOW)).toBe('2026-11-27T12:00:00Z');
    expect(sinceParameter({ since: '90s' }, NOW + 7)).toBe('2026-11-28T11:58:30Z');
    expect(sinceParameter({ all: true }, NOW)).toBe('all');
  });

  test.each<[RewindOptions, string]>([
    [{}, 'needs --since or --all; got neither'],
    [{ all: true, since: '1h' }, 'it takes one of --since and --all: got --since 1h and --all'],
    [
      { since: 'yesterday' },
      '--since: got "yesterday", expected a duration such as 90s, 15m, 24h or 7d, at most 3660d',
    ],
    [{ since: '999999h' }, '--since: got "999999h", expected a duration such as 90s, 15m, 24h or 7d, at most 3660d'],
  ])('%j is refused', async (options, why) => {
    expect((await run({ ...options, yes: true })).error).toMatchObject({ why, exitCode: 2 });
    expect(asked).toEqual([]);
  });
});

test('without a terminal and --yes nothing is asked of anybody', async () => {
  const { error } = await run({ all: true });
  expect(error?.why).toContain('nobody can answer here');
  expect(asked).toEqual([]);
});

const PLAN = '{"rewound":false,"records":1234,"partitions":[[0,"1300","100"],[3,"40","6"]],"standstill":false}';

test('--dry-run only counts', async () => {
  answers('Success', PLAN);
  const { code, out, err } = await run({ all: true, dryRun: true });
  expect(code).toBe(0);
  expect(asked).toEqual(['all true']);
  expect(out).toMatch(/partition +read until +back to +events\n0 +1300 +100 +1,200\n3 +40 +6 +34\n/);
  expect(err).toContain('would read 1,234 events again; nothing was changed');
});

test('a person says yes, and then it is done', async () => {
  answers('Success', PLAN);
  const { err } = await run({ all: true }, { interactive: true });
  expect(asked).toEqual(['all true', 'all false']);
  expect(err).toContain('1,234 events of metals-prices are read again; those that are stored stay as they are');
});

test('a person says no, and nothing is done', async () => {
  answers('Success', PLAN);
  const { error } = await run({ all: true }, { interactive: true, says: false });
  expect(error?.why).toBe('the answer was not yes: nothing was changed');
  expect(asked).toEqual(['all true']);
});

test('nothing to read again stops no processor', async () => {
  answers('Success', '{"rewound":false,"records":0,"partitions":[],"standstill":false}');
  const { code, err } = await run({ all: true, yes: true });
  expect([code, asked]).toEqual([0, ['all true']]);
  expect(err).toContain('there is nothing to read again');
});

test('nothing to read again, but processors that stand still since one that was cut off: they begin again', async () => {
  answers('Success', '{"rewound":false,"records":0,"partitions":[],"standstill":true}');
  const { code, err } = await run({ all: true, yes: true });
  expect([code, asked]).toEqual([0, ['all true', 'all false']]);
  expect(err).toContain('the processors stand still since a rewind that was cut off');
});

test('for programs', async () => {
  answers('Success', PLAN.replace('false', 'true'));
  const { out } = await run({ all: true, yes: true }, { json: true });
  expect(parseBySchema('rewind', out)).toEqual({
    ...{ stage: 'lab', topic: 'metals-prices', rewound: true, records: 1234, standstill: false },
    partitions: [
      { partition: 0, from: 1300, to: 100 },
      { partition: 3, from: 40, to: 6 },
    ],
  });
});

test('the reason of the document is the reason', async () => {
  answers('Failed', '', 'error: a move from one Kafka or MongoDB to another has not ended\nnext: deploy again');
  const { error } = await run({ all: true, yes: true });
  expect(error?.why).toContain('a move from one Kafka or MongoDB to another has not ended');
});

test('an answer that is none', async () => {
  answers('Success', 'Cannot connect to the Docker daemon');
  const { error } = await run({ all: true, yes: true });
  expect(error?.why).toBe('the document events-rewind answered "", which is not what was agreed on');
});

import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  ListDocumentsCommand,
  SendCommandCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { countText, listRows } from '../../../lib/cli/commands/dlq-list';
import { dlqReplay } from '../../../lib/cli/commands/dlq-replay';
import { letterText } from '../../../lib/cli/commands/dlq-show';
import { readContext } from '../../../lib/cli/context';
import type { ListedLetter, ShownLetter } from '../../../lib/cli/dead-letters';
import { runCli } from '../../../lib/cli/program';
import { fakeIo, LAB_ENV, notInterrupted } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const POISON = '\u001b[2J\u202e';

const listed = (offset: number, over: Partial<ListedLetter> = {}): ListedLetter => ({
  offset,
  time: '2026-03-01T12:00:00.123Z',
  reason: 'not-json',
  event_id: null,
  metal: null,
  source_topic: 'metals-prices',
  source_partition: 3,
  source_offset: 455,
  detail: 'Unexpected token',
  ...over,
});
const shown = (offset: number, over: Partial<ShownLetter> = {}): ShownLetter => ({
  ...listed(offset),
  source_key: null,
  failed_at: '2026-03-01T12:00:00.000Z',
  processor_version: '1.2.3',
  value: { encoding: 'utf-8', data: '{broken', bytes: 7, cut: false },
  ...over,
});
const endLine = (over: object = {}) => ({ end: { low: 0, high: 10, from: 0, to: 10, ...over } });

/** The document answers these lines, one answer after the other; `lost` prints nothing and fails. */
function answers(...pages: (readonly object[] | 'lost')[]): void {
  ssm.reset();
  ssm.on(ListDocumentsCommand).resolves({ DocumentIdentifiers: [{ Name: 'metals-lab-dead-letters' }] });
  ssm
    .on(DescribeInstanceInformationCommand)
    .resolves({ InstanceInformationList: [{ InstanceId: 'i-1', PingStatus: 'Online' }] });
  let page: readonly object[] | 'lost' = [];
  ssm.on(SendCommandCommand).callsFake(() => {
    page = pages.shift() ?? 'lost';
    return { Command: { CommandId: 'c-1', TargetCount: 1 } };
  });
  const status = () => (page === 'lost' || page.some((line) => 'error' in line) ? 'Failed' : 'Success');
  ssm
    .on(ListCommandsCommand)
    .callsFake(() => ({ Commands: [{ Status: status(), DocumentName: 'metals-lab-dead-letters' }] }));
  ssm.on(ListCommandInvocationsCommand).callsFake(() => ({
    CommandInvocations: [{ CommandId: 'c-1', InstanceId: 'i-1', InstanceName: 'manager-1', Status: status() }],
  }));
  ssm.on(GetCommandInvocationCommand).callsFake(() => ({
    ResponseCode: status() === 'Success' ? 0 : 1,
    StandardOutputContent: page === 'lost' ? '' : page.map((line) => JSON.stringify(line)).join('\n'),
    StandardErrorContent: page === 'lost' ? `error: the job is pending ${POISON}` : '',
  }));
}

/** Parameters of the commands that were sent, one value each. */
const sentParameters = () =>
  ssm
    .commandCalls(SendCommandCommand)
    .map((call) =>
      Object.fromEntries(Object.entries(call.args[0].input.Parameters ?? {}).map(([name, value]) => [name, value![0]])),
    );

async function metals(line: string) {
  const io = fakeIo(LAB_ENV);
  const code = await runCli(line.split(' '), io, notInterrupted());
  return { code, out: io.out(), err: io.err() };
}

describe('before anything is sent', () => {
  test.each([
    ['dlq', 'metals dlq needs a verb'],
    ['dlq show', "missing required argument 'offset'"],
    ['dlq show -1', 'OFFSET: got "-1"'],
    ['dlq list --reason not-jason', 'did you mean not-json?'],
    ['dlq list --limit 0', '--limit: got "0"'],
    ['dlq list --before x', '--before: got "x"'],
    ['dlq replay', 'got none of them'],
    ['dlq replay 3 --all --yes', 'got OFFSET 3 and --all'],
    ['dlq replay 3 x --yes', 'OFFSET: got "x"'],
  ])('"%s" is a usage error', async (line, why) => {
    answers();
    const { code, out, err } = await metals(line);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(why);
    expect(ssm.calls()).toHaveLength(0);
  });

  test('a replay that nobody can confirm names --yes', async () => {
    answers();
    const { code, err } = await metals('dlq replay --all');
    expect(code).toBe(2);
    expect(err).toContain('nobody can answer here: stdin is not a terminal\nnext:  add --yes');
    expect(ssm.calls()).toHaveLength(0);
  });
});

test('a document that fails without an answer is explained, and cannot drive the terminal either', async () => {
  answers('lost');
  const { code, err } = await metals('dlq list');
  expect(code).toBe(1);
  expect(err).toContain('error: the job is pending \\x1b[2J\\u{202e}');
  expect(err).toContain('aws ssm get-command-invocation --command-id c-1');
});

describe('list', () => {
  test('none: says so, exit code 0', async () => {
    answers([{ end: { low: 0, high: 0, from: 0, to: 0 } }]);
    const { code, out, err } = await metals('dlq list');
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('there are no dead letters');
    answers([endLine()]);
    expect((await metals('dlq list --since 1h')).err).toContain('none of the 10 dead letters matches');
  });

  test('what one answer cannot carry comes with the next, up to the limit', async () => {
    answers(
      [{ letter: listed(9) }, { letter: listed(8) }, endLine({ total: 5, by_reason: { 'not-json': 5 }, before: 8 })],
      [{ letter: listed(7) }, endLine({ to: 8, total: 3, by_reason: { 'not-json': 3 }, before: 7 })],
      [{ letter: listed(6) }, endLine({ to: 7, total: 2, by_reason: { 'not-json': 2 }, before: 6 })],
    );
    const { code, out, err } = await metals('dlq list --limit 4 --reason not-json --region eu-west-1');
    expect(code).toBe(0);
    expect(out.match(/^\d+/gm)).toEqual(['9', '8', '7', '6']);
    expect(err).toContain('4 of 5 dead letters: 5 not-json (offsets 0 to 9)');
    expect(err).toContain(
      'older: ./bin/metals --region eu-west-1 dlq list --before 6 --limit 4 --reason not-json\n' +
        'next:  ./bin/metals --region eu-west-1 dlq show 9\n',
    );
    expect(sentParameters()).toEqual([
      { Stage: 'lab', Action: 'list', Limit: '4', Reason: 'not-json' },
      { Stage: 'lab', Action: 'list', Limit: '2', Reason: 'not-json', Before: '8' },
      { Stage: 'lab', Action: 'list', Limit: '1', Reason: 'not-json', Before: '7' },
    ]);
  });

  test('--json is one value in ASCII', async () => {
    answers([{ letter: listed(9, { detail: POISON }) }, endLine({ total: 1, by_reason: { 'not-json': 1 } })]);
    const { out } = await metals('dlq list --json');
    expect(out).toMatch(/^[ -~\n]*$/);
    expect(parseBySchema('dlq list', out)).toMatchObject({
      stage: 'lab',
      topic: 'metals-prices.dlq',
      letters: [{ offset: 9, detail: POISON }],
      total: 1,
      by_reason: { 'not-json': 1 },
      before: null,
    });
  });

  test('the detail takes what the terminal leaves; other cells cannot drive it', () => {
    const rows = listRows([listed(1, { detail: 'd'.repeat(300), metal: POISON, source_topic: 'other' })], 140);
    expect(rows[1]!.slice(0, 6)).toEqual([
      '1',
      '2026-03-01T12:00:00Z',
      'not-json',
      '\\x1b[2J\\u{202e}',
      '-',
      'other 3@455',
    ]);
    expect(rows[1]!.reduce((sum, cell) => sum + cell.length + 2, 0) - 2).toBeLessThanOrEqual(140);
    expect(rows[1]![6]).toMatch(/^d+…$/);
    expect(listRows([listed(1, { detail: 'd'.repeat(300) })])[1]![6]).toHaveLength(300);
    expect(listRows([listed(1, { detail: 'd'.repeat(300) })], 40)[1]![6]).toHaveLength(20);
  });

  test('a letter without a source has none', () => {
    expect(listRows([listed(1, { source_partition: null })])[1]![5]).toBe('-');
  });

  test('countText', () => {
    expect(countText(1, { 'not-json': 1 })).toBe('1 dead letter: 1 not-json');
    expect(countText(3, { 'not-json': 2, [POISON]: 1 })).toBe('3 dead letters: 2 not-json, 1 \\x1b[2J\\u{202e}');
  });
});

describe('show', () => {
  test.each([
    [true, 2],
    [false, 1],
  ])('an error of the tools, usage %p, is exit code %i', async (usage, exitCode) => {
    answers([{ error: { why: `offset 9 is not there ${POISON}`, next: './bin/metals dlq list', usage } }]);
    const { code, err } = await metals('dlq show 9');
    expect(code).toBe(exitCode);
    expect(err).toContain('why:   offset 9 is not there \\x1b[2J\\u{202e}\nnext:  ./bin/metals dlq list');
  });

  test('commands, those that the tools name too, reach the same deployment', async () => {
    answers([{ error: { why: 'offset 9 is not there', next: './bin/metals dlq list', usage: true } }]);
    expect((await metals('dlq show 9 --region eu-west-1')).err).toContain(
      'next:  ./bin/metals --region eu-west-1 dlq list\n',
    );
    answers([{ letter: shown(4, { reason: 'write-refused' }) }, endLine()]);
    expect((await metals('dlq show 4 --region eu-west-1')).err).toContain(
      'next: ./bin/metals --region eu-west-1 dlq replay 4\n',
    );
  });

  test('everything of one letter, and what to do next', async () => {
    answers([{ letter: shown(4) }, endLine()]);
    const { code, out, err } = await metals('dlq show 4');
    expect(code).toBe(0);
    expect(out).toBe(`${letterText(shown(4))}\n`);
    expect(err).toContain('next: the value is no JSON');
    expect(sentParameters()).toEqual([{ Stage: 'lab', Action: 'show', Offsets: '4' }]);
    answers([{ letter: shown(4) }, endLine()]);
    expect(parseBySchema('dlq show', (await metals('dlq show 4 --json')).out)).toMatchObject({ offset: 4 });
  });

  test('a value is text, base64, cut, or none', () => {
    expect(letterText(shown(4, { value: null }))).toMatch(/^value {13}none$/m);
    expect(letterText(shown(4, { value: { encoding: 'utf-8', data: `a${POISON}\n`, bytes: 9, cut: false } }))).toMatch(
      /^value {13}9 bytes, text\n\na\\x1b\[2J\\u\{202e\}\\n$/m,
    );
    expect(letterText(shown(4, { value: { encoding: 'base64', data: '/wAb', bytes: 4000, cut: true } }))).toMatch(
      /^value {13}4000 bytes, not UTF-8, as base64; the first 3 bytes of it\n\n\/wAb$/m,
    );
  });

  test('keys and headers cannot drive the terminal', () => {
    const key = { encoding: 'utf-8' as const, data: POISON, bytes: 7, cut: false };
    const text = letterText(
      shown(4, { source_key: key, processor_version: POISON, reason: POISON, event_id: POISON, metal: POISON }),
    );
    expect(text).not.toMatch(/[^\n\P{C}]/u);
    expect(text).toMatch(/^source key {8}\\x1b\[2J\\u\{202e\} \(7 bytes, text\)$/m);
  });
});

describe('replay', () => {
  const plan = (over: object = {}) => endLine({ total: 2, by_reason: { 'not-json': 2 }, ...over });

  test('offsets of which one cannot go back: nothing is sent', async () => {
    answers([{ skipped: [3, 'it came from topic other'] }, plan({ total: 1, skipped: 1 })]);
    const { code, err } = await metals('dlq replay 3 4 --yes');
    expect(code).toBe(1);
    expect(err).toContain('nothing was sent: the dead letter at offset 3 cannot be replayed: it came from topic other');
    expect(sentParameters()).toHaveLength(1);
  });

  test('an answer other than yes sends nothing', async () => {
    answers([plan()]);
    const io = fakeIo(LAB_ENV, true);
    const context = readContext({ color: false }, io, new AbortController().signal);
    const asked: string[] = [];
    const refuse = async (question: string) => (asked.push(question), false);
    await expect(dlqReplay(context, { offsets: ['1', '2'] }, refuse)).rejects.toThrow('nothing was sent');
    expect(asked).toEqual(['replay 2?']);
    expect(sentParameters().map(({ DryRun }) => DryRun)).toEqual(['true']);
    expect(context.leaveBehind).toEqual([]);
  });

  test('--dry-run sends nothing, not even with --yes', async () => {
    answers([plan()]);
    const { code, out, err } = await metals('dlq replay --all --dry-run --yes');
    expect([code, out]).toEqual([0, '']);
    expect(err).toContain('would replay 2 dead letters: 2 not-json; nothing was sent');
    expect(sentParameters()).toEqual([{ Stage: 'lab', Action: 'replay', DryRun: 'true' }]);
  });

  test('nothing to replay is no failure', async () => {
    answers([endLine()]);
    const { code, err } = await metals('dlq replay --all --yes');
    expect(code).toBe(0);
    expect(err).toContain('there is nothing to replay');
  });

  test('what was sent before a failure is told, as a table and as JSON', async () => {
    const failing = [
      { sent: [1, 3, 900] },
      { error: { why: 'the dead letter at offset 2 may not have been sent', next: 'replay it again', usage: false } },
    ];
    answers([plan()], failing);
    const { code, out, err } = await metals('dlq replay --all --yes');
    expect(code).toBe(1);
    expect(out).toMatch(/^1 +metals-prices +3 +900$/m);
    expect(err).toContain(
      'error: 1 of 2 were replayed [failed]\nwhy:   the dead letter at offset 2 may not have been sent\nnext:  replay it again',
    );
    answers([plan()], failing);
    const json = await metals('dlq replay --all --yes --json');
    expect(json.code).toBe(1);
    expect(parseBySchema('dlq replay', json.out)).toMatchObject({
      sent: [{ offset: 1, partition: 3, new_offset: 900 }],
      error: { why: 'the dead letter at offset 2 may not have been sent', exitCode: 1 },
    });
  });

  test('page by page, the same letters that were counted: the end stays, and time does not move the start', async () => {
    answers(
      [plan({ from: 4, to: 10, next: 7 })],
      [plan({ from: 7, to: 10, high: 12, total: 1, by_reason: { 'id-conflict': 1 } })],
      [{ sent: [4, 3, 900] }, plan({ from: 4, next: 6 })],
      [{ sent: [6, 3, 901] }, { sent: [8, 0, 5] }, plan()],
    );
    const { code, out, err } = await metals('dlq replay --all --since 1h --yes');
    expect(code).toBe(0);
    expect(out.match(/^\d.*$/gm)!.map((line) => line.split(/ +/))).toEqual([
      ['4', 'metals-prices', '3', '900'],
      ['6', 'metals-prices', '3', '901'],
      ['8', 'metals-prices', '0', '5'],
    ]);
    expect(err).toContain('3 dead letters: 2 not-json, 1 id-conflict for metals-prices');
    expect(err).toContain('replayed 3 of 3');
    expect(sentParameters()).toEqual([
      { Stage: 'lab', Action: 'replay', DryRun: 'true', SinceSeconds: '3600' },
      { Stage: 'lab', Action: 'replay', DryRun: 'true', From: '7', Before: '10' },
      { Stage: 'lab', Action: 'replay', DryRun: 'false', From: '4', Before: '10' },
      { Stage: 'lab', Action: 'replay', DryRun: 'false', From: '6', Before: '10' },
    ]);
  });

  test('letters that the topic had no room for are named like those that were left out', async () => {
    answers([plan()], [{ refused: [1, 'larger than the topic takes'] }, { sent: [2, 3, 901] }, plan()]);
    const { code, err } = await metals('dlq replay --all --yes');
    expect(code).toBe(1);
    expect(err).toContain('skipped 1: larger than the topic takes');
    expect(err).toContain('1 cannot be replayed and were left out');
    expect(err).toContain('replayed 1 of 2');
  });

  test('letters that were left out are named, and the exit code says that not all is done', async () => {
    answers(
      [{ skipped: [0, `no source ${POISON}`] }, plan({ skipped: 1 })],
      [{ sent: [1, 3, 900] }, { sent: [2, 3, 901] }, plan()],
    );
    const { code, err } = await metals('dlq replay --all --yes');
    expect(code).toBe(1);
    expect(err).toContain('skipped 0: no source \\x1b[2J\\u{202e}');
    expect(err).toContain('1 cannot be replayed and were left out');
  });

  test('--help says that twice is safe and what becomes of a letter that fails again', async () => {
    answers();
    const { out } = await metals('dlq replay --help');
    expect(out).toContain('an event that arrives twice is stored once');
    expect(out.replace(/\s+/g, ' ')).toContain('What fails again becomes a new dead letter, and the old one stays');
  });
});

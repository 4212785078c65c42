/** What is asked of the nodes for `metals logs`, and what is shown of lines that Docker printed in the lab. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { createColors } from 'picocolors';
import { logParameters, logs, type LogsOptions } from '../../../lib/cli/commands/logs';
import { readContext } from '../../../lib/cli/context';
import { lineText, parseLogs } from '../../../lib/cli/log-lines';
import { commandsEnd, documentsAre, managerTakesCommands } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);
const ASKED_AT = '2026-11-29T03:00:00.000000000Z';
const STATES = join(__dirname, '../../documents/states/logs');
const recorded = (service: string): string[] =>
  readFileSync(join(STATES, service), 'utf8').trimEnd().split('\n').sort();
const NODES = {
  'ip-10-40-3-11': 'manager-1',
  'ip-10-40-4-12': 'manager-2',
  'ip-10-40-4-21': 'worker-1',
  'ip-10-40-5-22': 'worker-2',
};

/** As the document prints them. */
const answer = (lines: readonly string[], leftOut = 0, remarks: readonly string[] = [], over: object = {}): string =>
  [
    JSON.stringify({
      ...{ stage: 'lab', asked_at: ASKED_AT, nodes: NODES, lines: lines.length, left_out: leftOut },
      ...{ more: false, searched: 200, remarks, ...over },
    }),
    gzipSync(lines.map((line) => `${line}\n`).join('')).toString('base64'),
    '',
  ].join('\n');

let asked: Record<string, string>[];

beforeEach(() => {
  ssm.reset();
  asked = [];
  documentsAre(ssm, 'metals-lab-service-logs');
  managerTakesCommands(ssm, (parameters) =>
    asked.push(Object.fromEntries(Object.entries(parameters).map(([name, [value = '']]) => [name, value]))),
  );
});

async function run(options: Partial<LogsOptions> = {}, { json = false, isTTY = false } = {}, signal?: AbortSignal) {
  const io = fakeIo(LAB_ENV, isTTY);
  const context = readContext({ json, color: true }, io, signal ?? new AbortController().signal);
  const result = await logs(context, { services: [], ...options }).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; code: string }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err() };
}

describe('what was typed', () => {
  test('is what the document takes', () => {
    expect(logParameters({ services: [] })).toEqual({
      ...{ Services: 'all', Since: '900', Lines: '200', Level: 'all', Grep: 'none', Node: 'all' },
    });
    const options = { services: ['kafka', 'edge', 'kafka'], since: '1h', lines: '7', level: 'warn', node: 'worker-1' };
    expect(logParameters({ ...options, grep: 'a' })).toEqual({
      ...{ Services: 'kafka,edge', Since: '3600', Lines: '7', Level: 'warn', Grep: 'YQ==' },
      Node: 'worker-1',
    });
  });

  test.each<[Partial<LogsOptions>, string]>([
    [{ services: ['; rm -rf /'] }, '"; rm -rf /" is no name of a service'],
    [{ services: ['$(reboot)'] }, '"$(reboot)" is no name of a service'],
    [{ services: ['producer\nkafka'] }, '"producer\nkafka" is no name of a service'],
    [{ since: 'yesterday' }, '--since: got "yesterday", expected a duration such as 90s, 15m, 24h or 7d, at most 366d'],
    [{ since: '99999h' }, '--since: got "99999h", expected a duration such as 90s, 15m, 24h or 7d, at most 366d'],
    [{ lines: '0' }, '--lines: got "0", expected a number from 1 to 9999'],
    [{ lines: '1e9' }, '--lines: got "1e9", expected a number from 1 to 9999'],
    [{ lines: 'NaN' }, '--lines: got "NaN", expected a number from 1 to 9999'],
    [{ node: 'worker-1; reboot' }, '--node: got "worker-1; reboot", expected a slot such as worker-1'],
    [{ level: 'info' }, '--level: got "info", expected one of warn, error'],
    [{ grep: '' }, '--grep: got 0 bytes, expected 1 to 300'],
    [{ grep: 'é'.repeat(151) }, '--grep: got 302 bytes, expected 1 to 300'],
  ])('%j is refused before anybody is asked', async (options, why) => {
    expect((await run(options)).error).toMatchObject({ why, code: 'usage' });
    expect(asked).toEqual([]);
  });

  test('every expression arrives as it was typed, and as the document takes it', () => {
    const declared = readFileSync(join(__dirname, '../../../assets/documents/service-logs/document.yml'), 'utf8');
    const pattern = new RegExp(/Grep:[^]*?allowedPattern: '(.*)'/.exec(declared)![1]!);
    for (const grep of ['a', 'ab', '$(reboot) "`\n', '{{ssm:secret}}', 'é'.repeat(150)]) {
      const { Grep } = logParameters({ services: [], grep });
      expect(Grep).toMatch(pattern);
      expect(Buffer.from(Grep!, 'base64').toString()).toBe(grep);
    }
  });
});

/** When the lines were recorded. */
const THAT_DAY = new Date('2026-11-29T12:00:00Z');

describe('lines', () => {
  test('each as time, task, node and text', async () => {
    commandsEnd(ssm, 'Success', answer(recorded('kafka')));
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(/^(2026-11-29 )?\d\d:\d\d:\d\d\.\d{3} kafka\.1@worker-1 \S.*$/m);
    expect(out.trimEnd().split('\n')).toHaveLength(recorded('kafka').length);
  });

  test('a service that has one task on each node is named without a replica', () => {
    const [line] = parseLogs(answer(recorded('edge')), 'x').lines.slice(-1);
    expect(lineText(line!, createColors(false), THAT_DAY)).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} edge@manager-1 10\.40\.0\.2:/,
    );
  });

  test('a text cannot drive the terminal', () => {
    const evil = '2026-11-29T02:57:34.260081758Z metals_edge.0.zaj4@ip-10-40-4-12    | \x1b[2Jgone\r';
    expect(lineText(parseLogs(answer([evil]), 'x').lines[0]!, createColors(false), THAT_DAY)).toBe(
      '02:57:34.260 edge@manager-2 \\x1b[2Jgone\\r',
    );
  });

  test('colours tell services apart, on a terminal alone', async () => {
    commandsEnd(ssm, 'Success', answer([...recorded('kafka'), ...recorded('producer')]));
    const { out } = await run({}, { isTTY: true });
    expect(out).toContain('\x1b[33mkafka.1@worker-1\x1b[39m');
    expect(out).toContain('\x1b[32mproducer.');
    expect((await run()).out).not.toContain('\x1b');
  });

  test('what is missing is said', async () => {
    commandsEnd(ssm, 'Success', answer(recorded('kafka'), 12, ['node n3 is not available']));
    const { err } = await run();
    expect(err).toContain('note: node n3 is not available\n');
    expect(err).toContain('12 older lines are left out');
    commandsEnd(ssm, 'Success', answer([]));
    expect((await run()).err).toContain('no such line; a longer time: ./bin/metals logs --since 24h\n');
  });

  test('as one JSON value', async () => {
    commandsEnd(ssm, 'Success', answer(recorded('producer'), 3));
    const { out } = await run({}, { json: true });
    const value = parseBySchema('logs', out) as { lines: unknown[]; left_out: number };
    expect([value.lines.length, value.left_out]).toEqual([recorded('producer').length, 3]);
    expect(value.lines[0]).toMatchObject({ service: 'producer', node: 'worker-2' });
  });

  test.each([
    ['no JSON', 'hello'],
    ['half of it', answer(recorded('kafka')).slice(0, -30)],
    ['fewer lines than it says', answer(recorded('kafka')).replace(/"lines":\d+/, '"lines":99')],
  ])('%s is said to be of another version', async (_, stdout) => {
    commandsEnd(ssm, 'Success', stdout);
    expect((await run()).error).toMatchObject({ code: 'other-version' });
  });

  test("the node's refusal is told in its words", async () => {
    commandsEnd(
      ssm,
      'Failed',
      '',
      'error: there is no service prodcer; there are: edge kafka\nnext: name one of these',
    );
    const { error } = await run({ services: ['prodcer'] });
    expect(error).toMatchObject({ code: 'document-failed' });
    expect(error?.why).toContain('there is no service prodcer; there are: edge kafka');
  });
});

test('what was not looked at is said', async () => {
  commandsEnd(ssm, 'Success', answer(recorded('kafka'), 1, [], { more: true }));
  expect((await run()).err).toContain('at least 1 older lines are left out');
  commandsEnd(ssm, 'Success', answer([], 0, [], { more: true, searched: 10_000 }));
  const { err } = await run({ grep: 'x' });
  expect(err).toContain('only the newest 10000 lines of each task were searched');
  expect(err).not.toContain('no such line');
});

test('an output that Systems Manager has not delivered is no other version', async () => {
  commandsEnd(ssm, 'Success', '');
  expect((await run()).error).toMatchObject({ code: 'failed', why: expect.stringContaining('has not delivered') });
});

test('a remark cannot drive the terminal', async () => {
  commandsEnd(ssm, 'Success', answer([], 0, ['\x1b[2Jgone']));
  expect((await run()).err).toContain('note: \\x1b[2Jgone\n');
});

test('--follow has no JSON', async () => {
  expect((await run({ follow: true }, { json: true })).error).toMatchObject({ code: 'usage' });
  expect(asked).toEqual([]);
});

test('--follow asks the manager again that has answered, without a word, until Ctrl-C', async () => {
  const stop = new AbortController();
  commandsEnd(ssm, 'Success', answer(recorded('kafka')));
  managerTakesCommands(ssm, (parameters) => {
    asked.push(Object.fromEntries(Object.entries(parameters).map(([name, [value = '']]) => [name, value])));
    if (asked.length === 2) stop.abort();
  });
  const { code, err, out } = await run({ follow: true }, {}, stop.signal);
  expect(code).toBe(0);
  expect(asked.map(({ Since }) => Since)).toEqual(['10', '2026-11-29T02:59:57.000Z']);
  expect(err.match(/reading logs on a manager …/g)).toHaveLength(1);
  expect(out.trimEnd().split('\n')).toHaveLength(recorded('kafka').length);
});

/** What has changed, as the Swarm and Systems Manager remember it; with --follow each event is shown once. */
import { gzipSync } from 'node:zlib';
import { ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { createColors } from 'picocolors';
import { events, type EventsOptions } from '../../../lib/cli/commands/events';
import { readContext } from '../../../lib/cli/context';
import { eventText, identityOf, merged, parseEvents, type SwarmEvent } from '../../../lib/cli/swarm-events';
import { documentsAnswer } from './fake-commands';
import { fakeIo, LAB_ENV } from './fake-io';
import { parseBySchema } from './schemas';

const ssm = mockClient(SSMClient);

const at = (secondsAgo: number): string => new Date(Date.now() - secondsAgo * 1000).toISOString();
const event = (over: Partial<SwarmEvent> = {}): SwarmEvent => ({
  ...{ at: at(30), kind: 'task', name: 'producer.2', node: 'worker-1', state: 'running', detail: null, id: 'a' },
  ...over,
});
const answer = (list: readonly SwarmEvent[], left_out = 0): string =>
  `${JSON.stringify({ stage: 'lab', left_out })}\n${gzipSync(JSON.stringify(list)).toString('base64')}\n`;

function remembers(list: readonly SwarmEvent[] | (() => readonly SwarmEvent[]), leftOut = 0): void {
  documentsAnswer(ssm, {
    'swarm-events': () => answer(typeof list === 'function' ? list() : list, leftOut),
    'stack-deploy': '',
  });
}

async function run(options: EventsOptions = {}, json = false, stop = new AbortController()) {
  const io = fakeIo(LAB_ENV, false);
  const context = readContext({ json, color: true }, io, stop.signal);
  const result = await events(context, options, 1).then(
    (code) => ({ code, error: undefined }),
    (error: { why: string; code: string }) => ({ code: undefined, error }),
  );
  return { ...result, out: io.out(), err: io.err() };
}

test('what the Swarm and what Systems Manager remembers, oldest first', async () => {
  const failed = event({ at: at(10), state: 'failed', detail: 'exit code 3\u001b[31m' });
  remembers([event(), failed], 7);
  ssm.on(ListCommandsCommand, { Filters: [{ key: 'DocumentName', value: 'metals-lab-stack-deploy' }] }).resolves({
    Commands: [20, 99_999].map((ago) => ({
      ...{ CommandId: `c-${ago}`, DocumentName: 'metals-lab-stack-deploy', Status: 'Success', InstanceIds: ['i-1'] },
      ...{ Comment: 'CloudFormation', Parameters: { BundleSha256: ['0123456789abcdef'] } },
      RequestedDateTime: new Date(Date.now() - ago * 1000),
    })),
  });
  const { code, out, err } = await run();
  expect(code).toBe(0);
  expect(out.replaceAll(/^\S+ /gm, '')).toBe(
    'task producer.2@worker-1 running\n' +
      'document stack-deploy succeeded: the same again; by CloudFormation\n' +
      'task producer.2@worker-1 failed: exit code 3\\x1b[31m\n',
  );
  expect(err).toContain('7 older ones found no room');
  expect(parseBySchema('events', (await run({}, true)).out)).toMatchObject({ left_out: 7, events: [{}, {}, {}] });
});

test('nothing at all', async () => {
  remembers([]);
  expect((await run({ since: '5m' })).err).toContain('nothing has changed in the last 5m');
});

test.each<[EventsOptions, boolean, RegExp]>([
  [{ since: 'yesterday' }, false, /--since: got "yesterday"/],
  [{ since: '721h' }, false, /at most 30d/],
  [{ follow: true }, true, /--json prints one value/],
])('%j is refused before anything is asked', async (options, json, why) => {
  remembers([]);
  expect((await run(options, json)).error).toMatchObject({ code: 'usage', why: expect.stringMatching(why) });
  expect(ssm.calls()).toHaveLength(0);
});

test('--follow shows each event once, and goes on while nobody can be asked', async () => {
  const stop = new AbortController();
  let looks = 0;
  const [first, second] = [event(), event({ state: 'failed', id: 'b' })];
  remembers(() => {
    looks++;
    if (looks === 3) throw new Error('the manager has gone');
    if (looks === 6) stop.abort();
    return looks < 5 ? [first] : [first, second];
  });
  const { out, err } = await run({ follow: true }, false, stop);
  expect(out.match(/running/g)).toHaveLength(1);
  expect(out.match(/failed/g)).toHaveLength(1);
  expect(err.match(/the manager has gone; asking again/g)).toHaveLength(1);
});

test('what is no answer', () => {
  expect(() => parseEvents('', 'no events')).toThrow(/has not delivered/);
  expect(() => parseEvents('{}\nx', 'no events')).toThrow(/not what was agreed on/);
});

test('one is the same only in the same state', () => {
  expect(identityOf(event({ at: 'x' }))).not.toBe(identityOf(event({ at: 'x', state: 'failed' })));
  const [one, two] = [event({ at: '1' }), event({ at: '2' })];
  expect(merged([two], [one])).toEqual([one, two]);
  const text = eventText(
    event({ at: '2026-11-29T15:40:00.203Z', kind: 'node', node: null, name: 'worker-2' }),
    createColors(false),
    new Date('2026-11-29T16:00:00Z'),
  );
  expect(text).toBe('15:40:00.203 node worker-2 running');
});

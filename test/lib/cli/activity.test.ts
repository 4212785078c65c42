import { withActivity } from '../../../lib/cli/activity';
import { formatSeconds } from '../../../lib/cli/duration';
import { Terminal } from '../../../lib/cli/terminal';
import { fakeIo } from './fake-io';

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test('without a terminal: plain lines, what it says, and every 15 s what it waits for', async () => {
  const io = fakeIo();
  const working = withActivity(new Terminal(io, true, false), 'deploying', async (activity) => {
    activity.waitsFor('kafka 0/1');
    await sleep(40_000);
    activity.says('kafka is there');
  });
  await jest.advanceTimersByTimeAsync(40_000);
  await working;
  expect(io.err().trimEnd().split('\n')).toEqual([
    'deploying …',
    'deploying (15 s): kafka 0/1',
    'deploying (30 s): kafka 0/1',
    '  kafka is there',
    '✔ deploying: done (40 s)',
  ]);
  expect(io.out()).toBe('');
});

test('on a terminal: one line that is drawn again, cut to the width', async () => {
  const io = fakeIo({}, true);
  const working = withActivity(new Terminal(io, false, false), 'deploying', async (activity) => {
    activity.waitsFor('x'.repeat(200));
    await sleep(1000);
  });
  await jest.advanceTimersByTimeAsync(1000);
  await working;
  const drawn = io.err().split('\r\x1b[2K').filter(Boolean);
  expect(drawn.length).toBeGreaterThan(5);
  for (const line of drawn) expect(line.trimEnd().length).toBeLessThanOrEqual(79);
  expect(drawn.at(-1)).toBe('✔ deploying: done (1.0 s)\n');
});

test('a failure is marked and passed on', async () => {
  const io = fakeIo();
  const working = withActivity(new Terminal(io, true, false), 'deploying', () => Promise.reject(new Error('boom')));
  await expect(working).rejects.toThrow('boom');
  expect(io.err()).toContain('✖ deploying: failed after 0.0 s');
});

test.each([
  [4.234, '4.2 s'],
  [42.6, '43 s'],
  [725, '12 min 5 s'],
])('%s seconds read as %s', (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

/** Which lines are new in answers that repeat each other, lack a node, or do not come. */
import { CliError } from '../../../lib/cli/errors';
import { followLogs } from '../../../lib/cli/follow-logs';
import type { LogLine, Logs } from '../../../lib/cli/log-lines';

/** Seconds of one minute, with the digits of a nanosecond. */
const at = (second: number): string => `2026-11-29T03:00:${second.toFixed(3).padStart(6, '0')}000001Z`;

const line = (second: number, text: string, node = 'worker-1'): LogLine => ({
  ...{ at: at(second), service: 'kafka', replica: 1, taskId: `task-of-${node}`, node, text },
});

const answer = (askedAt: number, lines: readonly LogLine[], over: Partial<Logs> = {}): Logs => ({
  ...{ askedAt: at(askedAt), lines, leftOut: 0, hasMore: false, searched: 200, remarks: [], ...over },
});

/** What is shown and said of these answers, and from when each was asked. */
async function follow(first: Logs, ...answers: (Logs | Error)[]) {
  const shown: string[] = [];
  const notes: string[] = [];
  const since: string[] = [];
  const pauses: number[] = [];
  await followLogs(
    first,
    (from) => {
      since.push(from.slice(17, -1));
      const next = answers.shift()!;
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    },
    {
      isOver: () => answers.length === 0,
      show: (lines) => shown.push(...lines.map(({ text }) => text)),
      note: (text) => notes.push(text),
    },
    (ms) => Promise.resolve(pauses.push(ms)),
  );
  return { shown, notes, since, pauses };
}

test('each line is shown once, and asked for from where the last answer was asked', async () => {
  const { shown, since } = await follow(
    answer(10, [line(8, 'one'), line(9, 'two')]),
    answer(12, [line(8, 'one'), line(9, 'two'), line(11, 'three')]),
    answer(14, [line(9.5, 'late'), line(11, 'three')]),
  );
  expect(shown).toEqual(['three', 'late']);
  expect(since).toEqual(['07.000', '09.000']);
});

test('an answer without lines makes no line new that the next one repeats', async () => {
  const one = [line(8, 'one')];
  expect((await follow(answer(9, one), answer(10, []), answer(10.5, one))).shown).toEqual([]);
});

test('a line of the very moment from which is asked is not repeated', async () => {
  const first = [line(7, 'one')];
  expect((await follow(answer(10, first), answer(10, first), answer(10, first))).shown).toEqual([]);
});

test('where nothing matches, the time goes on all the same', async () => {
  const { since } = await follow(answer(10, []), answer(20, []), answer(30, []), answer(40, []));
  expect(since).toEqual(['07.000', '17.000', '27.000']);
});

test('what a node logged that could not be asked comes later', async () => {
  const away = { remarks: ['node n3 is not available'] };
  const { shown, notes, since } = await follow(
    answer(10, []),
    answer(20, [line(19, 'here')], away),
    answer(22, [line(21, 'here again')], away),
    answer(24, [line(15, 'from away', 'worker-2'), line(19, 'here'), line(21, 'here again')]),
  );
  expect(shown).toEqual(['here', 'here again', 'from away']);
  expect(since).toEqual(['07.000', '07.000', '07.000']);
  expect(notes).toEqual(['node n3 is not available']);
});

test('a node that stays away is not waited for without end', async () => {
  const away = { remarks: ['node n3 is not available'] };
  const { since } = await follow(answer(1, []), answer(40, [], away), answer(50, [], away), answer(51, []));
  expect(since.at(-1)).toBe('20.000');
});

test('an answer that does not come is told once, and ends nothing', async () => {
  const gone = new CliError('x', 'i-1 is ConnectionLost', []);
  const { shown, notes, since } = await follow(
    answer(10, []),
    gone,
    gone,
    answer(20, [line(12, 'meanwhile')]),
    gone,
    answer(30, []),
  );
  expect(shown).toEqual(['meanwhile']);
  expect(notes).toEqual(['i-1 is ConnectionLost; asking again', 'i-1 is ConnectionLost; asking again']);
  expect(since).toEqual(['07.000', '07.000', '07.000', '17.000', '17.000']);
});

test('a gap is said, and not where only lines are left out that have been shown', async () => {
  const shown = [line(8, 'one')];
  const none = await follow(answer(9, shown), answer(11, [...shown, line(10, 'two')], { leftOut: 5 }), answer(12, []));
  expect(none.notes).toEqual([]);
  const gap = await follow(answer(9, shown), answer(11, [line(10, 'two')], { leftOut: 5 }), answer(12, []));
  expect(gap.notes).toEqual([expect.stringContaining('some are left out')]);
});

test('where nothing is logged it asks less often', async () => {
  const nothing = Array.from({ length: 8 }, (_, index) => answer(11 + index, []));
  const { pauses } = await follow(answer(10, []), ...nothing, answer(30, [line(29, 'x')]), answer(31, []));
  expect(pauses[0]).toBe(1_000);
  expect(pauses[8]).toBe(5_000);
  expect(pauses.at(-1)).toBe(1_000);
});

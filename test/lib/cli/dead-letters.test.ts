import { filterParameters, parseLimit, parseOffset, replayParameters } from '../../../lib/cli/dead-letter-options';
import { adviceFor, DEAD_LETTER_REASONS } from '../../../lib/cli/dead-letter-reasons';
import { parseDeadLetters } from '../../../lib/cli/dead-letters';
import { CliError } from '../../../lib/cli/errors';

const usageError = (why: string) => expect.objectContaining({ why: expect.stringContaining(why), exitCode: 2 });
const refuses = (act: () => unknown, why: string) => expect(act).toThrow(usageError(why));

describe('options', () => {
  test.each(['-1', 'abc', '', '1.5', '1e3', '0x1', ' 1', '1234567890123456'])('%p is no offset', (text) =>
    refuses(() => parseOffset(text), `OFFSET: got "${text}", expected the offset of a dead letter`),
  );

  test.each(['0', '1001', '-5', 'all', ''])('%p is no limit', (text) =>
    refuses(() => parseLimit(text), `--limit: got "${text}", expected a number from 1 to 1000`),
  );

  test.each([
    [
      { reason: 'not-jsn' },
      'got "not-jsn" (did you mean not-json?), expected one of unreadable-batch, too-large, empty-value, not-utf-8',
    ],
    [{ reason: 'something-else-entirely' }, 'got "something-else-entirely", expected one of'],
    [{ since: '1 day' }, '--since: got "1 day"'],
    [{ since: '0s' }, '--since: got "0s"'],
    [{ since: '9999999h' }, '--since: got "9999999h"'],
  ])('refuses %p', (options, why) => refuses(() => filterParameters(options), why));

  test.each([
    [{ offsets: [] }, 'got none of them'],
    [{ offsets: ['1'], all: true }, 'got OFFSET 1 and --all'],
    [{ offsets: ['1'], reason: 'not-json' }, 'got OFFSET 1 and --reason'],
    [{ offsets: [], reason: 'not-json', all: true }, 'got --reason and --all'],
    [{ offsets: ['1'], since: '1h' }, '--since goes with --reason or --all'],
    [{ offsets: [], since: '1h' }, 'got none of them'],
    [{ offsets: ['1', '-2'] }, 'OFFSET: got "-2"'],
    [{ offsets: Array.from({ length: 101 }, (_, index) => String(index)) }, 'got 101 offsets, expected at most 100'],
  ])('refuses to replay %p', (options, why) => refuses(() => replayParameters(options), why));

  test('what is right becomes the parameters of the document', () => {
    expect(filterParameters({})).toEqual({});
    expect(filterParameters({ reason: 'id-conflict', since: '2h' })).toEqual({
      Reason: 'id-conflict',
      SinceSeconds: '7200',
    });
    expect(replayParameters({ offsets: ['12', '3', '12'] })).toEqual({ Offsets: '3,12' });
    expect(replayParameters({ offsets: [], all: true })).toEqual({});
    expect(replayParameters({ offsets: [], reason: 'not-json', since: '1m' })).toEqual({
      Reason: 'not-json',
      SinceSeconds: '60',
    });
  });
});

describe('advice', () => {
  test('an event id that somebody made up is not put into a command', () => {
    expect(adviceFor('id-conflict', 1, "'}); db.dropDatabase(); ({_id: '")[0]).toContain(
      "findOne({_id: '<event id>'})",
    );
    expect(adviceFor('id-conflict', 1, null)[0]).toContain('<event id>');
  });

  test('a reason of a newer processor is said to be unknown', () => {
    expect(adviceFor('too-heavy', 1, null)).toEqual([expect.stringContaining('does not know the reason')]);
    expect(adviceFor('toString', 1, null)).toEqual([expect.stringContaining('does not know the reason')]);
  });

  test.each(DEAD_LETTER_REASONS)('%s says what comes next, and whether replaying can help', (reason) => {
    expect(adviceFor(reason, 17, null).join('\n')).toMatch(
      /dlq replay 17|makes another dead letter|cannot be replayed/,
    );
  });
});

describe('parseDeadLetters', () => {
  const end = '{"end":{"low":0,"high":3}}';

  test.each([
    ['nothing', ''],
    ['letters without the last line', '{"sent":[1,2,3]}\n'],
    ['a last line that is not the last', `${end}\n{"sent":[1,2,3]}`],
  ])('%s: something was cut off', (_, stdout) => {
    expect(() => parseDeadLetters(stdout, 'x')).toThrow('without its last one');
  });

  test.each(['{"end":{"low":', '{"sent":[1,2]}', '{"letter":{"offset":"1"}}', '{"end":{}}'])(
    '%s is an error that quotes it',
    (line) => {
      expect(() => parseDeadLetters(`${line}\n${end}`, 'x')).toThrow(CliError);
      expect(() => parseDeadLetters(`${line}\n${end}`, 'x')).toThrow('not what was agreed on');
    },
  );

  test('lines by their kind; other lines are passed over', () => {
    const answer = parseDeadLetters(`noise\n{"sent":[1,2,3]}\n{"skipped":[4,"no source"]}\n${end}\n`, 'x');
    expect(answer).toMatchObject({
      letters: [],
      sent: [[1, 2, 3]],
      skipped: [[4, 'no source']],
      end: { low: 0, high: 3, next: null },
    });
  });
});

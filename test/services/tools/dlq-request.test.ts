import { assertPresent, parseDlqRequest } from '../../../services/tools/dlq-request';

describe('parseDlqRequest', () => {
  test.each([
    ['nothing', undefined, 'the request is not JSON: ""'],
    ['text', 'list', 'the request is not JSON: "list"'],
    ['an unknown action', '{"action":"delete"}', 'action: '],
    ['an unknown field', '{"action":"list","topic":"other"}', 'request: Unrecognized key'],
    ['a negative offset', '{"action":"show","offsets":[-1]}', 'offsets.0: '],
    ['a fraction', '{"action":"list","before":1.5}', 'before: '],
    ['show without an offset', '{"action":"show"}', 'show needs exactly one offset'],
    ['show with two', '{"action":"show","offsets":[1,2]}', 'show needs exactly one offset'],
    ['too many letters', '{"action":"list","limit":1001}', 'limit: '],
  ])('refuses %s', (_, text, why) => {
    const refused = expect(() => parseDlqRequest(text));
    refused.toThrow(why);
    refused.toThrow(expect.objectContaining({ usage: true }));
  });

  test('a replay sends nothing unless it is told to', () => {
    expect(parseDlqRequest('{"action":"replay","offsets":[3]}').dry_run).toBe(true);
    expect(parseDlqRequest('{"action":"replay","offsets":[3],"dry_run":false}').dry_run).toBe(false);
  });
});

describe('assertPresent', () => {
  test.each([
    [
      'past the end',
      [5, 42],
      { low: 5, high: 42 },
      true,
      'offset 42 is past the end of the dead letters: the newest is 41',
    ],
    [
      'of an empty topic',
      [0],
      { low: 0, high: 0 },
      true,
      'offset 0 is past the end of the dead letters: there are none',
    ],
    ['of a topic emptied by retention', [3], { low: 7, high: 7 }, false, 'none is there now'],
    [
      'whose retention is over',
      [4, 6],
      { low: 5, high: 42 },
      false,
      'the dead letter at offset 4 is gone, its retention is over: the oldest that is there is 5',
    ],
  ])('an offset %s', (_, offsets, range, usage, why) => {
    const refused = expect(() => assertPresent(offsets, range));
    refused.toThrow(why);
    refused.toThrow(expect.objectContaining({ usage }));
  });

  test('the first and the last are there', () => {
    expect(() => assertPresent([5, 41], { low: 5, high: 42 })).not.toThrow();
  });
});

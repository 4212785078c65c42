import { findDoubledKey } from '../../../services/common/json-keys';

const find = (text: string): string | undefined => findDoubledKey(text, JSON.parse(text));

describe('findDoubledKey finds', () => {
  test.each<[string, string]>([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"a\\"":1,"a\\"":2}', 'a"'],
    ['{"\\\\":1,"\\\\":2}', '\\'],
    ['{"":1,"":2}', ''],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
    ['{"a" \n\t\r:1,"b":{"c":1 , "c" : 2}}', 'c'],
    ['[1,{"a":1},{"b":1,"b":1}]', 'b'],
    ['{"a":{"a":1},"b":[{"a":1}],"a":1}', 'a'],
    ['{"x":"}","y":"{","x":"]"}', 'x'],
  ])('in %s: %j', (text, name) => expect(find(text)).toBe(name));

  test('in 100,000 nested objects, without recursion', () => {
    const depth = 100_000;
    expect(find(`${'{"a":'.repeat(depth)}{"b":1,"b":2}${'}'.repeat(depth)}`)).toBe('b');
  });
});

describe('findDoubledKey takes', () => {
  test.each([
    '1',
    '"a"',
    'null',
    '[]',
    '{}',
    '{"a":1,"b":2}',
    '{"a":"a","b":"a"}',
    '["a","a","a:",":"]',
    '[{"a":1},{"a":1}]',
    '{"a":{"a":{"a":1}}}',
    '{"a":"\\"a\\":1","b":"\\\\"}',
    '{"a":"{\\"a\\":1,\\"a\\":2}"}',
    '{"a\\\\":1,"a\\\\\\"":2}',
    '{"1":1,"01":1}',
  ])('%s', (text) => expect(find(text)).toBeUndefined());

  test.each<[string, string]>([
    ['a string of quotes', JSON.stringify('"'.repeat(500_000))],
    ['a string of backslashes', JSON.stringify('\\'.repeat(500_000))],
    ['a string of one megabyte', `{"a":"${'x'.repeat(2 ** 20)}"}`],
    ['200,000 blanks before a colon', `{"a"${' '.repeat(200_000)}:1}`],
    ['100,000 nested arrays', `${'['.repeat(1e5)}${']'.repeat(1e5)}`],
    ['100,000 keys', JSON.stringify(Object.fromEntries(Array.from({ length: 1e5 }, (_, key) => [`k${key}`, 1])))],
  ])('%s, in time that grows with its length', (_, text) => {
    // CPU time, which other processes do not lengthen much: with its square, each of these would take minutes.
    const before = process.cpuUsage();
    expect(find(text)).toBeUndefined();
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(3_000);
  });
});

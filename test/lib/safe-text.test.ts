import { asciiJson, shorten, visible, visibleLines } from '../../lib/safe-text';

test.each([
  ['escape sequences', '\u001b[2J\u0007', '\\x1b[2J\\x07'],
  ['line breaks, which would forge lines', 'a\nb\r\tc', 'a\\nb\\r\\tc'],
  ['C1 controls, which some terminals obey', '\u009b31m\u0085', '\\x9b31m\\x85'],
  ['delete and NUL', '\u007f\u0000', '\\x7f\\x00'],
  ['marks that turn the direction of text', '\u202eabc\u2066', '\\u{202e}abc\\u{2066}'],
  ['line and paragraph separators', '\u2028\u2029', '\\u{2028}\\u{2029}'],
  ['half a character', '\ud800x', '\\u{d800}x'],
  ['tags beyond the first plane', '\u{e0041}', '\\u{e0041}'],
])('%s are shown, not sent', (_, text, seen) => expect(visible(text)).toBe(seen));

test('what can be read stays as it is', () => {
  const text = '{"metal":"gold","name":"Grün 金 😀","path":"a\\\\b"}';
  expect(visible(text)).toBe(text);
});

test('lines stay lines, and nothing in them drives the terminal', () => {
  expect(visibleLines('a\tb\n\u001b[2Jc\r\n')).toBe('a\tb\n\\x1b[2Jc\\r\n');
});

test('shorten says that something is missing, and never cuts a character in two', () => {
  expect(shorten('abcdef', 6)).toBe('abcdef');
  expect(shorten('abcdef', 5)).toBe('abcd…');
  expect(shorten('😀😀😀', 2)).toBe('😀…');
  expect(shorten('abc', 0)).toBe('…');
});

test('asciiJson is the same value in printable ASCII and line breaks', () => {
  const value = { text: '\u009b\u202e\u007f\u001b é 😀 \ud800' };
  expect(asciiJson(value)).toMatch(/^[ -~\n]*$/);
  expect(JSON.parse(asciiJson(value))).toEqual(value);
});

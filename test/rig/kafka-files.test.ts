import { replaceProperties } from './kafka-files';

test('the line of a property is replaced, and no other', () => {
  const text = 'a.b=1\n# a.b=2\nxa.b=3\naxb=4\n';
  expect(replaceProperties(text, { 'a.b': '9' })).toBe('a.b=9\n# a.b=2\nxa.b=3\naxb=4\n');
});

test.each(['', 'a.b=1\na.b=2\n'])('a property that does not stand once is an error: %j', (text) => {
  expect(() => replaceProperties(text, { 'a.b': '9' })).toThrow(/sets a\.b \d times, expected once/);
});

import { apiKeyChecker } from '../../../services/common/api-key';

test.each([
  ['another key', 'third'],
  ['an empty key', ''],
  ['a part of a key', 'curren'],
  ['two keys at once', ['current', 'other']],
  ['no key', undefined],
])('%s is refused', (_, given) => {
  expect(apiKeyChecker(['current', 'other'])(given)).toBe(false);
});

test('each of the keys is accepted', () => {
  const isAccepted = apiKeyChecker(['current', 'other']);
  expect([isAccepted('current'), isAccepted('other')]).toEqual([true, true]);
  expect(apiKeyChecker(['current'])('other')).toBe(false);
});

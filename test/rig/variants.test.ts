import { applyPatch } from './variants';

const patch = { file: 'services/x.ts', search: 'acks: ALL', replace: "acks: '$&'" };

test.each([
  ['not there', 'acks: 0', 0],
  ['there twice', 'acks: ALL, acks: ALL', 2],
])('a patch whose text is %s fails and names the file', (_, text, count) => {
  expect(() => applyPatch(text, patch)).toThrow(`services/x.ts holds ${count} times, expected once: "acks: ALL"`);
});

test('what stands once is replaced, as it is written', () => {
  expect(applyPatch('{ acks: ALL }', patch)).toBe("{ acks: '$&' }");
});

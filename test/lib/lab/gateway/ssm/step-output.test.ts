import { keptStderr, truncateAsAgent } from '../../../../../lib/lab/gateway/ssm/step-output';

test('23,999 bytes arrive whole, 24,000 are cut to the same length with a suffix', () => {
  expect(truncateAsAgent('x'.repeat(23_999))).toBe('x'.repeat(23_999));
  expect(truncateAsAgent('x'.repeat(24_000))).toBe(`${'x'.repeat(23_980)}--output truncated--`);
});

test('counts bytes, not characters', () => {
  expect(truncateAsAgent('é'.repeat(11_999))).toBe('é'.repeat(11_999));
  expect(truncateAsAgent('é'.repeat(12_000))).toBe(`${'é'.repeat(11_990)}--output truncated--`);
});

test('a cut inside a character leaves the replacement character', () => {
  expect(truncateAsAgent(`x${'é'.repeat(12_000)}`)).toContain('\uFFFD--output truncated--');
});

test('of stderr the first 8,000 characters stay, without a mark', () => {
  expect(keptStderr('e'.repeat(8_001))).toBe('e'.repeat(8_000));
  expect(keptStderr('e'.repeat(8_000))).toBe('e'.repeat(8_000));
});

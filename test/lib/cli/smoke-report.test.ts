import { parseSmokeSteps, smokePassed, smokeRows, type SmokeStep } from '../../../lib/cli/smoke-report';

const step = (number: number, over: Partial<SmokeStep> = {}): SmokeStep => ({
  step: number,
  name: `step ${number}`,
  ok: true,
  value: 'measured',
  duration_ms: 12.4,
  error: null,
  ...over,
});
const seven = (): SmokeStep[] => [1, 2, 3, 4, 5, 6, 7].map((number) => step(number));

test('reads JSON lines and passes over other lines', () => {
  const text = `preparing\n${JSON.stringify(step(1))}\n\n${JSON.stringify({ ...step(2), value: 3 })}\n`;
  expect(parseSmokeSteps(text)).toEqual([step(1), step(2, { value: '3' })]);
});

test('what a compromised node reports does not drive the terminal', () => {
  const rows = smokeRows([step(1, { value: '\u001b[2J', error: 'a\u009bb' })]);
  expect(rows[1]![3]).toBe('\\x1b[2J: a\\x9bb');
});

test('a line that starts like a step and is none is an error that quotes it', () => {
  expect(() => parseSmokeSteps('{"step":1')).toThrow('answered "{\\"step\\":1", which is not a step');
  expect(() => parseSmokeSteps('{"step":"one"}')).toThrow('which is not a step');
});

test('passed: all seven, in order, each ok', () => {
  expect(smokePassed(seven())).toBe(true);
  expect(smokePassed(seven().slice(0, 6))).toBe(false);
  expect(smokePassed(seven().reverse())).toBe(false);
  expect(smokePassed(seven().map((one) => (one.step === 4 ? { ...one, ok: false } : one)))).toBe(false);
  expect(smokePassed([])).toBe(false);
});

test('a failed step shows its measured value and its error', () => {
  expect(smokeRows([step(1), step(2, { ok: false, value: '0 documents', error: 'not found after 30 s' })])).toEqual([
    ['', 'step', 'result', 'measured', 'duration'],
    ['1', 'step 1', 'ok', 'measured', '12 ms'],
    ['2', 'step 2', 'FAILED', '0 documents: not found after 30 s', '12 ms'],
  ]);
});

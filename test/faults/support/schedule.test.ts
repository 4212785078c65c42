import { FAULT_KINDS, planFaults, SHORT_KINDS } from './schedule';

const kindsOf = (count: number, seed: number): string[] => planFaults(count, seed).map(({ kind }) => kind);

test('another seed is another plan, and the same seed the same one', () => {
  expect(planFaults(100, 1)).toEqual(planFaults(100, 1));
  expect(kindsOf(100, 1)).not.toEqual(kindsOf(100, 2));
});

test.each([12, 24, 100])('%i faults hold every kind, evenly', (count) => {
  const counts = FAULT_KINDS.map((kind) => kindsOf(count, 7).filter((planned) => planned === kind).length);
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(Math.floor(count / FAULT_KINDS.length));
  expect(counts.reduce((sum, each) => sum + each, 0)).toBe(count);
});

test('faults follow each other within seconds', () => {
  for (const { afterMs, lastsMs, choice } of planFaults(100, 3)) {
    expect(afterMs).toBeGreaterThanOrEqual(1_500);
    expect(afterMs).toBeLessThanOrEqual(6_000);
    expect(lastsMs).toBeLessThanOrEqual(12_000);
    expect(choice).toBeLessThan(1);
  }
});

test('a plan of some kinds has no other', () => {
  expect(new Set(planFaults(100, 4, SHORT_KINDS).map(({ kind }) => kind))).toEqual(new Set(SHORT_KINDS));
});

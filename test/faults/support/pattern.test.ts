import { Pattern, type PatternOptions } from './pattern';

function count(requests: number, options: PatternOptions = {}) {
  const pattern = new Pattern(options);
  const planned = Array.from({ length: requests }, () => pattern.next());
  const singles = planned.filter((each) => each.kind === 'single');
  return {
    arrays: planned.filter(({ kind }) => kind === 'array').length,
    nameless: planned.filter(({ kind }) => kind === 'nameless').length,
    singles: singles.length,
    repeated: singles.filter(({ isRepeated }) => isRepeated).length,
    rivals: singles.filter(({ hasRival }) => hasRival).length,
  };
}

test('every kind comes as often as it should, whatever the others are', () => {
  expect(count(6_000)).toEqual({ arrays: 400, nameless: 400, singles: 5_200, repeated: 208, rivals: 130 });
});

test('rivals come early enough for a test that waits for some', () => {
  expect(count(150).rivals).toBeGreaterThanOrEqual(3);
});

test('a load of single events alone', () => {
  const never = Number.POSITIVE_INFINITY;
  const options = { arrayEvery: never, namelessEvery: never, conflictEvery: never, repeatEvery: 2 };
  expect(count(10, options)).toEqual({ arrays: 0, nameless: 0, singles: 10, repeated: 5, rivals: 0 });
});

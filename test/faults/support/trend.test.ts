import { growth, percentile } from './trend';

const points = (...values: number[]) => values.map((value) => ({ x: value }));

test('percentiles', () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect([0, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([1, 51, 100, 100]);
  expect(percentile([], 0.5)).toBeNaN();
});

test('what stays, falls, or jumps for a minute does not grow', () => {
  for (const flat of [
    points(10, 10, 10, 10, 10, 10),
    points(9, 9, 9, 1, 1, 1),
    points(10, 10, 10, 10, 10, 10, 90, 10, 10),
  ]) {
    expect(growth(flat, 0.2)).toEqual([]);
  }
});

test('a third with slow minutes has not grown while its calm ones are as they were', () => {
  const first = [50, 60, 55, 200, 52, 70, 55, 56];
  const last = [225, 54, 225, 221, 53, 57, 240, 230];
  const between = Array<number>(8).fill(60);
  expect(growth(points(...first, ...between, ...last), 0.25)).toEqual([]);
  const leaking = last.map((value) => value + 60);
  expect(growth(points(...first, ...between, ...leaking), 0.25)).toEqual(['x: 55.0, then 117.0']);
});

test('what grows by more than the share is named, and so is what could not be read', () => {
  expect(growth(points(10, 10, 11, 12, 13, 13), 0.2)).toEqual(['x: 10.0, then 13.0']);
  expect(growth([{ y: NaN }, { y: NaN }], 0.2)).toEqual(['y: NaN, then NaN']);
});

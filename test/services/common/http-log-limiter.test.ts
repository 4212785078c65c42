import { LogLimiter } from '../../../services/common/log-limiter';

test('lets a number of lines through each second, and says how many it left out', () => {
  let nowMs = 5_000;
  const limiter = new LogLimiter(2, () => nowMs);
  expect([1, 2, 3, 4].map(() => limiter.take())).toEqual([0, 0, undefined, undefined]);
  nowMs += 999;
  expect(limiter.take()).toBeUndefined();
  nowMs += 1;
  expect([limiter.take(), limiter.take()]).toEqual([3, 0]);
});

test('goes on when the clock steps back', () => {
  let nowMs = 50_000;
  const limiter = new LogLimiter(1, () => nowMs);
  limiter.take();
  nowMs = 1_000;
  expect(limiter.take()).toBe(0);
});

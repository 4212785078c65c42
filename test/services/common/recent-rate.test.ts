import { RecentRate } from '../../../services/common/recent-rate';

let [nowMs, count] = [0, 0];

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['performance'] });
  [nowMs, count] = [0, 100];
});
afterEach(() => jest.useRealTimers());

/** So many seconds at so many a second. */
function pass(seconds: number, perSecond: number): void {
  for (let second = 0; second < seconds; second++) {
    nowMs += 1_000;
    count += perSecond;
    jest.advanceTimersByTime(1_000);
  }
}

const start = () =>
  new RecentRate(
    () => count,
    () => nowMs,
  );

test('is 0 at first, and then that since the start, whatever was counted before', () => {
  const rate = start();
  expect(rate.perSecond).toBe(0);
  pass(3, 7);
  expect(rate.perSecond).toBe(7);
});

test('is that of the last minute', () => {
  const rate = start();
  pass(600, 100);
  expect(rate.perSecond).toBe(100);
  pass(30, 0);
  expect(rate.perSecond).toBe(50);
  pass(60, 0);
  expect(rate.perSecond).toBe(0);
});

test('has tenths', () => {
  const rate = start();
  count += 1;
  nowMs += 3_000;
  expect(rate.perSecond).toBe(0.3);
});

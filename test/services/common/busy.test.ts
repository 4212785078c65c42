import { BusyMeter } from '../../../services/common/busy';

function feed(meter: BusyMeter, clock: { now: number }, perSecond: number, seconds: number): boolean[] {
  const seen: boolean[] = [];
  for (let event = 0; event < perSecond * seconds; event += 1) {
    clock.now += 1_000 / perSecond;
    meter.note(1);
    seen.push(meter.isBusy);
  }
  return seen;
}

describe('BusyMeter', () => {
  test.each([
    [1, false],
    [185, false],
    [450, false],
    [600, true],
    [10_000, true],
  ])('at %d a second it is busy: %s', (perSecond, busy) => {
    const clock = { now: 0 };
    const meter = new BusyMeter(() => clock.now);
    feed(meter, clock, perSecond, 2);
    expect(new Set(feed(meter, clock, perSecond, 1))).toEqual(new Set([busy]));
  });

  test('is not busy at the start, and no longer once nothing comes', () => {
    const clock = { now: 0 };
    const meter = new BusyMeter(() => clock.now);
    expect(meter.isBusy).toBe(false);
    feed(meter, clock, 5_000, 1);
    expect(meter.isBusy).toBe(true);
    clock.now += 600;
    expect(meter.isBusy).toBe(false);
  });
});

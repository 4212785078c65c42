import { PROFILE_NAMES, PROFILES, Timing, type Delay } from '../../../../lib/lab/gateway/timing';

const DELAYS = Object.keys(PROFILES.default) as Delay[];
const draws = (timing: Timing, delay: Delay, count = 20): number[] =>
  Array.from({ length: count }, () => timing.draw(delay));

describe('timing of the lab', () => {
  it('is the same again with the same seed, whatever else was drawn in between', () => {
    const [one, two] = [new Timing('default', 7), new Timing('default', 7)];
    const first = draws(one, 'volumeAppears');
    const second = Array.from({ length: 20 }, () => {
      two.draw('relaunch');
      return two.draw('volumeAppears');
    });
    expect(second).toEqual(first);
  });

  it('is another with another seed', () => {
    expect(draws(new Timing('default', 1), 'relaunch')).not.toEqual(draws(new Timing('default', 2), 'relaunch'));
  });

  it.each(PROFILE_NAMES)('stays within the ranges of the profile %s and uses most of them', (profile) => {
    const timing = new Timing(profile, 99);
    for (const delay of DELAYS) {
      const { leastSeconds, mostSeconds } = PROFILES[profile][delay];
      const drawn = draws(timing, delay, 200).map((milliseconds) => milliseconds / 1000);
      expect(Math.min(...drawn)).toBeGreaterThanOrEqual(leastSeconds);
      expect(Math.max(...drawn)).toBeLessThanOrEqual(mostSeconds);
      expect(Math.max(...drawn) - Math.min(...drawn)).toBeGreaterThan(0.8 * (mostSeconds - leastSeconds));
    }
  });
});

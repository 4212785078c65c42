import { validateEvent } from '../../../services/common/event';
import { UuidV7Generator } from '../../../services/common/uuid';
import { PriceWalk, seededRandom } from '../../../services/producer/walk';

const config = {
  metals: {
    gold: { partition: 0, price: 2_650, unit: 'troy_ounce' as const },
    zinc: { partition: 1, price: 3_000, unit: 'tonne' as const },
  },
  events: { currency: 'USD', max_age_days: 30, max_future_seconds: 300 },
};
const walk = (seed: number): PriceWalk => {
  const ids = new UuidV7Generator(() => 1_769_860_800_000);
  return new PriceWalk({ config, seed, volatility: 0.1, nextId: () => ids.next() });
};
const prices = (seed: number): number[] => {
  const subject = walk(seed);
  return Array.from({ length: 50 }, () => subject.next().price);
};

describe('PriceWalk', () => {
  test('the same seed gives the same prices, another seed others', () => {
    expect(prices(7)).toEqual(prices(7));
    expect(prices(7)).not.toEqual(prices(8));
  });

  test('metals take turns, and every event is valid', () => {
    const subject = walk(1);
    const events = Array.from({ length: 4 }, () => subject.next());
    expect(events.map(({ metal }) => metal)).toEqual(['gold', 'zinc', 'gold', 'zinc']);
    for (const event of events) expect(validateEvent(event)).toBe(true);
  });

  test.each([0.000_001, 0.002, 10_000_000])('from a configured price of %d every event is valid, too', (price) => {
    const ids = new UuidV7Generator();
    const metals = { gold: { ...config.metals.gold, price } };
    const subject = new PriceWalk({
      config: { ...config, metals },
      seed: 1,
      volatility: 0.1,
      nextId: () => ids.next(),
    });
    const refused = Array.from({ length: 200 }, () => subject.next()).filter((event) => !validateEvent(event));
    expect(refused).toEqual([]);
  });

  test('stays near its start, however long it walks', () => {
    const subject = walk(3);
    const shares = Array.from({ length: 20_000 }, () => {
      const { metal, price } = subject.next();
      return price / config.metals[metal as 'gold' | 'zinc'].price;
    });
    expect(shares.reduce((least, share) => Math.min(least, share))).toBeGreaterThanOrEqual(0.499);
    expect(shares.reduce((most, share) => Math.max(most, share))).toBeLessThanOrEqual(2.001);
  });
});

test('seededRandom stays in [0, 1) and is spread', () => {
  const random = seededRandom(42);
  const numbers = Array.from({ length: 10_000 }, random);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  expect(numbers.reduce((sum, number) => sum + number, 0) / numbers.length).toBeCloseTo(0.5, 1);
});

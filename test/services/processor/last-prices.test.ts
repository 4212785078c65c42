import type { PriceEvent } from '../../../services/common/event';
import { LastPrices } from '../../../services/processor/last-prices';

const gold = (price: number, change: Partial<PriceEvent> = {}): PriceEvent => ({
  event_id: '01a204de-fcc6-7000-8479-47f6e574fbfe',
  metal: 'gold',
  price,
  currency: 'USD',
  unit: 'troy_ounce',
  timestamp: '2026-03-01T12:00:00.000Z',
  source: 'api',
  schema_version: 1,
  ...change,
});
/** The broker's clock, where it does not matter. */
const LATER = Number.MAX_SAFE_INTEGER;
const empty = (): LastPrices => LastPrices.decode(null);

describe('LastPrices', () => {
  test('the first price of a metal has no change, the next one has', () => {
    const last = empty();
    expect(last.observe(gold(2_000), 1, LATER)).toBeUndefined();
    expect(last.observe(gold(1_999.9), 2, LATER)).toEqual({ previous_price: 2_000, amount: -0.1, percent: -0.005 });
  });

  test('a change that no number can hold is left out: a store refuses what is not finite', () => {
    const last = empty();
    last.observe(gold(5e-324), 1, LATER);
    expect(last.observe(gold(1e7), 2, LATER)).toEqual({ previous_price: 5e-324, amount: 1e7 });
  });

  test.each([
    ['older', 4],
    ['as old', 5],
  ])('a price that is %s changes nothing, for itself and for the next', (_, timeMs) => {
    const last = empty();
    last.observe(gold(100), 5, LATER);
    expect(last.observe(gold(50), timeMs, LATER)).toBeUndefined();
    expect(last.observe(gold(110), 6, LATER)).toMatchObject({ previous_price: 100, percent: 10 });
  });

  test('compares only like with like', () => {
    const last = empty();
    last.observe(gold(100), 1, LATER);
    expect(last.observe(gold(90, { currency: 'EUR' }), 2, LATER)).toBeUndefined();
    expect(last.observe(gold(90, { unit: 'kilogram' }), 2, LATER)).toBeUndefined();
    expect(last.observe(gold(90, { metal: 'zinc' }), 2, LATER)).toBeUndefined();
  });

  test('goes on elsewhere from what was committed', () => {
    const last = empty();
    last.observe(gold(100), 5, LATER);
    const elsewhere = LastPrices.decode(last.encode());
    expect(elsewhere.observe(gold(1), 5, LATER)).toBeUndefined();
    expect(elsewhere.observe(gold(101), 6, LATER)).toEqual({ previous_price: 100, amount: 1, percent: 1 });
  });

  test.each([
    ['nothing', null],
    ['an empty text', ''],
    ['text of another program', 'moved by hand'],
    ['JSON of another program', '7'],
    ['null', 'null'],
    ['another version', '{"v":2,"last":[["gold","USD","troy_ounce",100,5]]}'],
    ['entries of another shape', '{"v":1,"last":[["gold","USD","troy_ounce","100",5],["a b","USD","t",1,1],7,null]}'],
  ])('starts empty from %s', (_, metadata) => {
    expect(LastPrices.decode(metadata).observe(gold(1), 9, LATER)).toBeUndefined();
    expect(LastPrices.decode(metadata).encode()).toMatch(/^\{"v":1,"last":\[\]/);
  });

  test('a price from the future counts from when the broker appended it, and holds up nothing', () => {
    const last = empty();
    const ahead = Date.parse('9999-12-31T23:59:59Z');
    last.observe(gold(100), ahead, 1_000);
    expect(last.observe(gold(90), 999, 1_001)).toBeUndefined();
    expect(last.observe(gold(110), 1_001, 1_002)).toMatchObject({ previous_price: 100 });
    expect(last.observe(gold(121), 1_002, 1_003)).toMatchObject({ previous_price: 110 });
  });

  test('events of a clock that is ahead of the broker by a little are told apart by their own times', () => {
    const last = empty();
    last.observe(gold(100), 1_020, 1_000);
    expect(last.observe(gold(110), 1_021, 1_000)).toMatchObject({ previous_price: 100 });
  });

  test("a last price from the broker's own future is of a clock that was set back, and does not hold up the next", () => {
    const last = LastPrices.decode('{"v":1,"last":[["gold","USD","troy_ounce",100,253402300799000]]}');
    expect(last.observe(gold(110), 1_000, 1_001)).toMatchObject({ previous_price: 100 });
    expect(last.observe(gold(90), 999, 1_002)).toBeUndefined();
  });

  test('tells for certain only what it has seen from the start, or has a price of', () => {
    expect(LastPrices.fromStart().knows(gold(1))).toBe(true);
    expect(LastPrices.decode(LastPrices.fromStart().encode()).knows(gold(1))).toBe(true);
    const last = empty();
    expect(last.knows(gold(1))).toBe(false);
    expect(LastPrices.decode(last.encode()).knows(gold(1))).toBe(false);
    last.observe(gold(1), 1, 1);
    expect(last.knows(gold(1))).toBe(true);
  });

  test('what has come to the same by different ways is the same text', () => {
    const [left, right] = [empty(), empty()];
    const zinc = gold(1, { metal: 'zinc' });
    for (const event of [gold(1), zinc]) left.observe(event, 1, LATER);
    for (const event of [zinc, gold(1)]) right.observe(event, 1, LATER);
    expect(left.encode()).toBe(right.encode());
  });

  test('stays below what a broker takes as metadata, and keeps the newest', () => {
    const last = empty();
    for (let index = 0; index < 100; index += 1) {
      last.observe(gold(9_999_999.99, { metal: `m${'x'.repeat(28)}${index}` }), 1_700_000_000_000 + index, LATER);
    }
    const metadata = last.encode();
    expect(Buffer.byteLength(metadata)).toBeLessThan(4_096);
    expect(metadata).toContain('xx99"');
    expect(metadata).not.toContain('xx63"');
  });

  test('with more prices than fit, whoever reads on from what was committed finds the same changes', () => {
    const last = empty();
    const of = (index: number): PriceEvent => gold(100, { metal: `m${index}` });
    for (let index = 0; index < 40; index += 1) last.observe(of(index), index, LATER);
    const elsewhere = LastPrices.decode(last.encode());
    expect(last.observe(of(39), 1_000, LATER)).toMatchObject({ previous_price: 100 });
    expect(elsewhere.observe(of(39), 1_000, LATER)).toMatchObject({ previous_price: 100 });
    expect(last.observe(of(0), 1_001, LATER)).toBeUndefined();
    expect(elsewhere.observe(of(0), 1_001, LATER)).toBeUndefined();
    expect(elsewhere.encode()).toBe(last.encode());
  });
});

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
const empty = (): LastPrices => LastPrices.decode(null);

describe('LastPrices', () => {
  test('the first price of a metal has no change, the next one has', () => {
    const last = empty();
    expect(last.observe(gold(2_000), 1)).toBeUndefined();
    expect(last.observe(gold(1_999.9), 2)).toEqual({ previous_price: 2_000, amount: -0.1, percent: -0.005 });
  });

  test('a change that no number can hold is left out: a store refuses what is not finite', () => {
    const last = empty();
    last.observe(gold(5e-324), 1);
    expect(last.observe(gold(1e7), 2)).toEqual({ previous_price: 5e-324, amount: 1e7 });
  });

  test.each([
    ['older', 4],
    ['as old', 5],
  ])('a price that is %s changes nothing, for itself and for the next', (_, timeMs) => {
    const last = empty();
    last.observe(gold(100), 5);
    expect(last.observe(gold(50), timeMs)).toBeUndefined();
    expect(last.observe(gold(110), 6)).toMatchObject({ previous_price: 100, percent: 10 });
  });

  test('compares only like with like', () => {
    const last = empty();
    last.observe(gold(100), 1);
    expect(last.observe(gold(90, { currency: 'EUR' }), 2)).toBeUndefined();
    expect(last.observe(gold(90, { unit: 'kilogram' }), 2)).toBeUndefined();
    expect(last.observe(gold(90, { metal: 'zinc' }), 2)).toBeUndefined();
  });

  test('goes on elsewhere from what was committed', () => {
    const last = empty();
    last.observe(gold(100), 5);
    const elsewhere = LastPrices.decode(last.encode());
    expect(elsewhere.observe(gold(1), 5)).toBeUndefined();
    expect(elsewhere.observe(gold(101), 6)).toEqual({ previous_price: 100, amount: 1, percent: 1 });
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
    expect(LastPrices.decode(metadata).observe(gold(1), 9)).toBeUndefined();
    expect(LastPrices.decode(metadata).encode()).toBe('{"v":1,"last":[]}');
  });

  test('stays below what a broker takes as metadata, and keeps the newest', () => {
    const last = empty();
    for (let index = 0; index < 100; index += 1) {
      last.observe(gold(9_999_999.99, { metal: `m${'x'.repeat(28)}${index}` }), 1_700_000_000_000 + index);
    }
    const metadata = last.encode();
    expect(Buffer.byteLength(metadata)).toBeLessThan(4_096);
    expect(metadata).toContain('xx99"');
    expect(metadata).not.toContain('xx63"');
  });

  test('with more prices than fit, whoever reads on from what was committed finds the same changes', () => {
    const last = empty();
    const of = (index: number): PriceEvent => gold(100, { metal: `m${index}` });
    for (let index = 0; index < 40; index += 1) last.observe(of(index), index);
    const elsewhere = LastPrices.decode(last.encode());
    expect(last.observe(of(39), 1_000)).toMatchObject({ previous_price: 100 });
    expect(elsewhere.observe(of(39), 1_000)).toMatchObject({ previous_price: 100 });
    expect(last.observe(of(0), 1_001)).toBeUndefined();
    expect(elsewhere.observe(of(0), 1_001)).toBeUndefined();
    expect(elsewhere.encode()).toBe(last.encode());
  });
});

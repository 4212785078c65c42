import { wrongChanges } from './changes';
import type { StoredDocument } from './observed';

const START_MS = Date.parse('2026-01-31T12:00:00.000Z');

/** At the offset n, a second after the one before. */
function document(n: number, price: number, change?: Partial<StoredDocument>): StoredDocument {
  return {
    _id: `id-${n}`,
    metal: 'gold',
    price,
    currency: 'USD',
    unit: 'troy_ounce',
    timestamp: new Date(START_MS + n * 1_000),
    ingested_at: new Date(START_MS + n * 1_000 + 50),
    source: `oracle:run:${n}`,
    kafka: { partition: 0, offset: n },
    ...change,
  };
}
const against = (previous: number, price: number) => ({
  change: {
    previous_price: previous,
    amount: price - previous,
    percent: Math.round(((price - previous) / previous) * 1e8) / 1e6,
  },
});

test('the first has none, and each later one refers to the one before on the topic, in whatever order they are given', () => {
  const good = [document(1, 100), document(2, 110, against(100, 110)), document(3, 99, against(110, 99))];
  expect(wrongChanges(good)).toEqual([]);
  expect(wrongChanges([...good].reverse())).toEqual([]);
});

test('another metal, currency, unit or partition is another kind', () => {
  const first = document(1, 100);
  for (const change of [
    { metal: 'silver' },
    { currency: 'EUR' },
    { unit: 'kg' },
    { kafka: { partition: 1, offset: 2 } },
  ]) {
    expect(wrongChanges([first, document(2, 110, change)])).toEqual([]);
  }
});

test('one that is not newer has none, and changes nothing for the next', () => {
  const late = document(2, 500, { timestamp: new Date(START_MS) });
  expect(wrongChanges([document(1, 100), late, document(3, 110, against(100, 110))])).toEqual([]);
  expect(wrongChanges([document(1, 100), late, document(3, 110, against(500, 110))])).toHaveLength(1);
});

describe('it reports', () => {
  test.each([
    ['a price that is in no document', against(9_999, 110)],
    ['no change at all', {}],
    ['a wrong amount', { change: { ...against(100, 110).change, amount: -10 } }],
    ['a wrong percentage', { change: { ...against(100, 110).change, percent: 9.09 } }],
    ['a percentage that is no number', { change: { ...against(100, 110).change, percent: NaN } }],
  ])('%s', (_, change) => {
    expect(wrongChanges([document(1, 100), document(2, 110, change)])).toEqual([
      { source: 'oracle:run:2', text: expect.stringMatching(/, after 100$/) },
    ]);
  });

  test('a change of the first', () => {
    expect(wrongChanges([document(1, 100, against(90, 100))])).toEqual([
      { source: 'oracle:run:1', text: expect.stringMatching(/after none$/) },
    ]);
  });
});

test('a percentage that no number can hold is left out, and only then', () => {
  const change = { previous_price: 5e-324, amount: 1e7 };
  expect(wrongChanges([document(1, 5e-324), document(2, 1e7)])).toEqual([]);
  expect(wrongChanges([document(1, 5e-324), document(2, 1e7, { change })])).toEqual([]);
  expect(
    wrongChanges([document(1, 5e-324), document(2, 1e7, { change: { ...change, percent: Infinity } })]),
  ).toHaveLength(1);
  expect(
    wrongChanges([document(1, 100), document(2, 110, { change: { previous_price: 100, amount: 10 } })]),
  ).toHaveLength(1);
});

describe('an event ahead of the processor’s clock', () => {
  const ahead = (change: object) => document(2, 500, { ingested_at: new Date(START_MS - 3_600_000), ...change });
  test('may count or not, itself and for the next', () => {
    for (const own of [{}, against(100, 500)]) {
      expect(wrongChanges([document(1, 100), ahead(own), document(3, 110, against(100, 110))])).toEqual([]);
      expect(wrongChanges([document(1, 100), ahead(own), document(3, 110, against(500, 110))])).toEqual([]);
    }
  });

  test('also ahead of its id alone: those that follow may count it with the moment of the id', () => {
    const id = `${START_MS.toString(16)
      .padStart(12, '0')
      .replace(/^(.{8})/, '$1-')}-7000-8000-000000000001`;
    const early = document(9, 500, { _id: id, kafka: { partition: 0, offset: 1 } });
    expect(wrongChanges([early, document(2, 110, against(500, 110))])).toEqual([]);
    expect(wrongChanges([early, document(2, 110)])).toEqual([]);
    expect(wrongChanges([early, document(2, 110, against(7, 110))])).toHaveLength(1);
  });

  test('excuses nothing else', () => {
    expect(wrongChanges([document(1, 100), ahead({}), document(3, 110, against(7, 110))])).toHaveLength(1);
    expect(wrongChanges([document(1, 100), ahead(against(7, 500))])).toHaveLength(1);
  });
});

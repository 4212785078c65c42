import { wrongChanges } from './changes';
import type { StoredDocument, TopicRecord } from './observed';

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
/** Appended at the time that the document at this offset has by default. */
const recordOf = ({ kafka }: StoredDocument): TopicRecord => ({
  ...kafka,
  timeMs: START_MS + kafka.offset * 1_000,
  value: '',
});
const wrong = (documents: readonly StoredDocument[], appendedMs: ReadonlyMap<number, number> = new Map()) =>
  wrongChanges(
    documents,
    documents.map(recordOf).map((record) => ({ ...record, timeMs: appendedMs.get(record.offset) ?? record.timeMs })),
  );
const against = (previous: number, price: number) => ({
  change: {
    previous_price: previous,
    amount: price - previous,
    percent: Math.round(((price - previous) / previous) * 1e8) / 1e6,
  },
});

test('the first has none, and each later one refers to the one before on the topic, in whatever order they are given', () => {
  const good = [document(1, 100), document(2, 110, against(100, 110)), document(3, 99, against(110, 99))];
  expect(wrong(good)).toEqual([]);
  expect(wrong([...good].reverse())).toEqual([]);
});

test('another metal, currency, unit or partition is another kind', () => {
  const first = document(1, 100);
  for (const change of [
    { metal: 'silver' },
    { currency: 'EUR' },
    { unit: 'kg' },
    { kafka: { partition: 1, offset: 2 } },
  ]) {
    expect(wrong([first, document(2, 110, change)])).toEqual([]);
  }
});

test('one that is not newer has none, and changes nothing for the next', () => {
  const late = document(2, 500, { timestamp: new Date(START_MS) });
  expect(wrong([document(1, 100), late, document(3, 110, against(100, 110))])).toEqual([]);
  expect(wrong([document(1, 100), late, document(3, 110, against(500, 110))])).toHaveLength(1);
});

describe('it reports', () => {
  test.each([
    ['a price that is in no document', against(9_999, 110)],
    ['no change at all', {}],
    ['a wrong amount', { change: { ...against(100, 110).change, amount: -10 } }],
    ['a wrong percentage', { change: { ...against(100, 110).change, percent: 9.09 } }],
    ['a percentage that is no number', { change: { ...against(100, 110).change, percent: NaN } }],
  ])('%s', (_, change) => {
    expect(wrong([document(1, 100), document(2, 110, change)])).toEqual([
      { source: 'oracle:run:2', text: expect.stringMatching(/, after 100$/) },
    ]);
  });

  test('a change of the first', () => {
    expect(wrong([document(1, 100, against(90, 100))])).toEqual([
      { source: 'oracle:run:1', text: expect.stringMatching(/after none$/) },
    ]);
  });
});

test('a percentage that no number can hold is left out, and only then', () => {
  const change = { previous_price: 5e-324, amount: 1e7 };
  expect(wrong([document(1, 5e-324), document(2, 1e7)])).toEqual([]);
  expect(wrong([document(1, 5e-324), document(2, 1e7, { change })])).toEqual([]);
  expect(wrong([document(1, 5e-324), document(2, 1e7, { change: { ...change, percent: Infinity } })])).toHaveLength(1);
  expect(wrong([document(1, 100), document(2, 110, { change: { previous_price: 100, amount: 10 } })])).toHaveLength(1);
});

describe('an event ahead of the broker’s clock', () => {
  /** A second after that with the number 1, with a time of 5 s later. */
  const ahead = document(2, 500, { timestamp: new Date(START_MS + 7_000), ...against(100, 500) });

  test('counts as observed when it was appended', () => {
    const older = document(3, 110, { timestamp: new Date(START_MS + 2_000) });
    const newer = document(4, 120, { timestamp: new Date(START_MS + 2_001), ...against(500, 120) });
    expect(wrong([document(1, 100), ahead, older, newer])).toEqual([]);
    expect(wrong([document(1, 100), ahead, { ...older, ...against(500, 110) }])).toHaveLength(1);
    expect(wrong([document(1, 100), ahead, { ...newer, change: undefined }])).toHaveLength(1);
  });

  test('of a broker whose clock was set back since, everything is newer', () => {
    const later = document(3, 110, against(500, 110));
    const appendedMs = new Map([[3, START_MS - 3_600_000]]);
    expect(wrong([document(1, 100), ahead, later], appendedMs)).toEqual([]);
    expect(wrong([document(1, 100), ahead, { ...later, change: undefined }], appendedMs)).toHaveLength(1);
  });
});

test('the processor’s clock counts for nothing', () => {
  const ingested_at = new Date(START_MS - 3_600_000);
  const good = [document(1, 100), document(2, 110, { ingested_at, ...against(100, 110) })];
  expect(wrong(good)).toEqual([]);
  expect(wrong([good[0], { ...good[1], change: undefined }])).toHaveLength(1);
});

test('a document without its record', () => {
  const [first, second] = [document(1, 100), document(2, 110, against(100, 110))];
  expect(wrongChanges([first, second], [recordOf(first)])).toEqual([
    { source: 'oracle:run:2', text: 'no record at 0/2' },
  ]);
});

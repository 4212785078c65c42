import { committedEarly } from './coverage';
import type { Samples, StoredDocument } from './observed';

const record = (offset: number) => ({ partition: 0, offset, timeMs: 0, value: `v${offset}` });
const document = (offset: number) => ({ _id: `id-${offset}` }) as StoredDocument;
const covered = {
  records: [0, 1, 2].map(record),
  letters: [],
  documentOf: ({ offset }: { offset: number }) => document(offset),
};
const sample = (offset: number, lettersEnd = 0) => ({ committed: new Map([[0, offset]]), lettersEnd });
const seen = (...ids: [string, number][]): Samples['firstSeen'] => new Map(ids);

test('what was stored when it was committed, or is not committed, is fine', () => {
  const samples = [sample(1), sample(2)];
  expect(committedEarly({ samples, firstSeen: seen(['id-0', 0], ['id-1', 1]), failed: 0 }, covered)).toEqual([]);
});

test('what is stored only later, or never, was committed early', () => {
  const samples = [sample(2), sample(3), sample(3)];
  expect(committedEarly({ samples, firstSeen: seen(['id-0', 0], ['id-1', 1]), failed: 0 }, covered)).toEqual([
    '0/1',
    '0/2',
  ]);
});

test('a dead letter answers from when it is on its topic', () => {
  const letters = [{ ...record(0), reason: 'not-json', letterOffset: 4 }];
  const own = { ...covered, letters, documentOf: () => undefined, records: [record(0)] };
  expect(committedEarly({ samples: [sample(1, 5)], firstSeen: seen(), failed: 0 }, own)).toEqual([]);
  expect(committedEarly({ samples: [sample(1, 4)], firstSeen: seen(), failed: 0 }, own)).toEqual(['0/0']);
});

test('nothing is known without a sample', () => {
  expect(committedEarly({ samples: [], firstSeen: seen(), failed: 0 }, covered)).toEqual([]);
});

import { withoutLastBatches } from './segment';

/** Batches of so many bytes each. */
function segment(...sizes: number[]): Buffer {
  return Buffer.concat(
    sizes.map((size) => {
      const batch = Buffer.alloc(size);
      batch.writeInt32BE(size - 12, 8);
      return batch;
    }),
  );
}

test('what is left ends where the first of the last batches began', () => {
  expect(withoutLastBatches(segment(70, 80, 90), 1)).toBe(150);
  expect(withoutLastBatches(segment(70, 80, 90), 2)).toBe(70);
});

test('zeros at the end are no batch', () => {
  expect(withoutLastBatches(Buffer.concat([segment(70, 80), Buffer.alloc(100)]), 1)).toBe(70);
});

test('all of them cannot be cut off', () => {
  expect(() => withoutLastBatches(segment(70, 80), 2)).toThrow('the segment has 2 batches, expected more than 2');
});

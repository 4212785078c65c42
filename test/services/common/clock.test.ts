import { explainSkew, leastSkewMs } from '../../../services/common/clock';

describe('leastSkewMs', () => {
  test.each([
    ['a reading between question and answer proves nothing', 1_000, 0],
    ['as late as the answer', 1_400, 0],
    ['ahead of the other by what the way cannot explain', 400, 600],
    ['behind', 3_600_000, 1_400 - 3_600_000],
  ])('%s', (_, otherMs, skewMs) => {
    expect(leastSkewMs(otherMs, 1_000, 400)).toBe(skewMs);
  });
});

test('clocks are skewed when they are more than 10 s apart, in either direction', () => {
  expect(explainSkew(10_000, 'MongoDB')).toBeUndefined();
  expect(explainSkew(-10_000, 'MongoDB')).toBeUndefined();
  expect(explainSkew(10_001, 'MongoDB')).toBe('the clock of this replica is 10 s ahead of that of MongoDB');
  expect(explainSkew(-3_600_000, 'MongoDB')).toBe('the clock of this replica is 3600 s behind that of MongoDB');
});

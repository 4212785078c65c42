import { cells, longestGapSeconds, withRows, type FaultRow } from '../../scripts/fault-table';

const row = (over: Partial<FaultRow> = {}): FaultRow => ({
  topology: 'one of each',
  fault: 'Kafka is killed',
  isWellAgain: true,
  wellAfterSeconds: 12,
  withoutIntakeSeconds: 9.4,
  withoutStoringSeconds: 11,
  sent: 500,
  lost: 0,
  doubled: 0,
  said: [],
  ...over,
});
const DOCUMENT = 'Before.\n\n<!-- faults: one of each -->\n\n<!-- end of faults -->\n\nAfter.\n';
const rowsOf = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('|'));

describe('longestGapSeconds', () => {
  test('is all of the time where nothing was seen', () => expect(longestGapSeconds([], 1_000, 9_000)).toBe(8));

  test('begins with the last moment before the fault, and looks at nothing earlier', () => {
    expect(longestGapSeconds([0, 9_000, 10_000, 14_240, 15_000], 11_000, 16_000)).toBe(4.2);
  });

  test('ends with the time itself', () => expect(longestGapSeconds([1_000, 2_000], 0, 7_000)).toBe(5));

  test('takes moments in any order', () => expect(longestGapSeconds([3_000, 1_000, 1_500], 0, 3_500)).toBe(1.5));
});

test('a row says how much was lost of how much, and what status said', () => {
  expect(cells(row({ isWellAgain: false, lost: 2, said: ['node a is down', 'x | y'] }))).toEqual([
    'Kafka is killed',
    'no',
    '12',
    '9.4',
    '11.0',
    '2 of 500',
    '0',
    'node a is down; x / y',
  ]);
});

test('however much status said, a row stays readable', () => {
  const told = cells(row({ said: ['a'.repeat(500), 'b', 'c', 'd', 'e'] })).at(-1)!;
  expect(told).toBe(`${'a'.repeat(140)}…; b; c; and 2 more`);
});

test('what had to be done stands in the row, and the cause comes first', () => {
  const said = ['service a: 0 of 1 running', 'node b has no volume any more'];
  const [, recovered, ...rest] = cells(row({ remedy: '`metals deploy`', said }));
  expect([recovered, rest.at(-1)]).toEqual([
    'no: `metals deploy`',
    'node b has no volume any more; service a: 0 of 1 running',
  ]);
});

describe('withRows', () => {
  test('puts a table between the marks, and leaves the rest', () => {
    const text = withRows(DOCUMENT, [row()]);
    expect(text.startsWith('Before.\n\n<!-- faults: one of each -->\n')).toBe(true);
    expect(text.endsWith('<!-- end of faults -->\n\nAfter.\n')).toBe(true);
    expect(rowsOf(text)).toHaveLength(3);
  });

  test('replaces what stands there of the same fault, and keeps every other', () => {
    const first = withRows(DOCUMENT, [row(), row({ fault: 'a node is terminated' })]);
    const rows = rowsOf(withRows(first, [row({ withoutIntakeSeconds: 3 })]));
    expect(rows).toHaveLength(4);
    expect(rows[2]).toContain('| Kafka is killed | yes | 12 | 3.0 |');
    expect(rows[3]).toContain('a node is terminated');
  });

  test('a topology that the document has no place for', () => {
    expect(() => withRows(DOCUMENT, [row({ topology: 'ten of each' })])).toThrow(
      'the document has no <!-- faults: ten of each -->',
    );
  });
});

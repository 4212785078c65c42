import { judge, violations, type Observed } from './oracle';
import type { ClientEvent, Sent, StoredDocument } from './observed';

function event(n: number, change: Partial<ClientEvent> = {}): ClientEvent {
  return {
    event_id: `id-${n}`,
    metal: 'gold',
    price: n,
    currency: 'USD',
    unit: 'troy_ounce',
    timestamp: '2026-01-31T12:00:00.000Z',
    source: `oracle:run:${n}`,
    ...change,
  };
}
const sent = (of: ClientEvent, acknowledged = true): Sent => ({ event: of, acknowledged });
const record = (of: ClientEvent, offset: number) => ({
  partition: 0,
  offset,
  timeMs: Date.parse(of.timestamp),
  value: JSON.stringify(of),
});
function document(of: ClientEvent, offset: number): StoredDocument {
  const { event_id: id, timestamp, ...rest } = of;
  const time = new Date(timestamp);
  return { ...rest, _id: id, timestamp: time, ingested_at: time, kafka: { partition: 0, offset } };
}
const letter = (of: ClientEvent, offset: number, reason = 'id-conflict') => ({
  ...record(of, offset),
  reason,
  letterOffset: 0,
});

const [first, second] = [event(1), event(2)];
const conflict = event(3, { event_id: first.event_id, price: 99 });
const GOOD: Observed = {
  sent: [sent(first), sent(second), sent(conflict)],
  // The second was written twice: its first answer was lost.
  records: [record(first, 0), record(second, 1), record(second, 2), record(conflict, 3)],
  stored: [document(first, 0), document(second, 1)],
  letters: [letter(conflict, 3)],
};
const judged = (change: Partial<Observed>): string[] => violations(judge({ ...GOOD, ...change }));

describe('it reports', () => {
  test('an acknowledged event that is nowhere', () => {
    const change = { stored: [document(first, 0)], records: [record(first, 0), record(conflict, 3)] };
    expect(judged(change)).toEqual(['1 lost: oracle:run:2']);
  });

  test('a record that became nothing, although nobody has an answer for it', () => {
    const unknown = event(4);
    const change = { sent: [...GOOD.sent, sent(unknown, false)], records: [...GOOD.records, record(unknown, 4)] };
    expect(judged(change)).toEqual(['1 unaccounted: 0/4']);
  });

  test('a record that is JSON and no event', () => {
    const records = [...GOOD.records, { partition: 0, offset: 4, timeMs: 0, value: 'null' }];
    expect(judged({ records })).toEqual(['1 unaccounted: 0/4']);
  });

  test('one event in two documents, whatever their ids', () => {
    const again = document({ ...second, event_id: 'other' }, 2);
    expect(judged({ stored: [...GOOD.stored, again] })).toEqual([
      '1 doubled: oracle:run:2',
      '1 altered: oracle:run:2 (other)',
    ]);
  });

  test.each(['metal', 'currency', 'unit'] as const)('a document with another %s', (field) => {
    const change = { stored: [GOOD.stored[0], document({ ...second, [field]: 'other' }, 1)] };
    expect(judged(change)).toContain('1 altered: oracle:run:2 (id-2)');
  });

  test('a document with another price or time', () => {
    for (const change of [{ price: 2.01 }, { timestamp: '2026-01-31T12:00:00.001Z' }]) {
      expect(judged({ stored: [GOOD.stored[0], document({ ...second, ...change }, 1)] })).toContain(
        '1 altered: oracle:run:2 (id-2)',
      );
    }
  });

  test('a document that nobody has sent', () => {
    expect(judged({ stored: [...GOOD.stored, document(event(9), 9)] })).toEqual([
      '1 altered: oracle:run:9 (id-9)',
      '1 wrongChanges: oracle:run:9: no record at 0/9',
    ]);
  });

  test('a conflict without its dead letter', () => {
    expect(judged({ letters: [] })).toEqual(['1 swallowed: oracle:run:3', '1 unaccounted: 0/3']);
  });

  test('a dead letter for another reason', () => {
    expect(judged({ letters: [letter(conflict, 3, 'write-refused')] })).toEqual([
      '1 swallowed: oracle:run:3',
      '1 wrongLetters: write-refused of 0/3',
    ]);
  });

  test('a dead letter about an event that is stored', () => {
    expect(judged({ letters: [...GOOD.letters, letter(second, 2)] })).toEqual(['1 wrongLetters: id-conflict of 0/2']);
  });

  test('a dead letter for a conflict with an event that is nowhere', () => {
    expect(judged({ stored: [document(first, 0)], letters: [...GOOD.letters, letter(second, 1)] })).toEqual([
      '1 lost: oracle:run:2',
      '1 unaccounted: 0/2',
      '1 wrongLetters: id-conflict of 0/1',
    ]);
  });

  test('a dead letter with the place of another record', () => {
    const change = { letters: [{ ...GOOD.letters[0], offset: 2 }] };
    expect(judged(change)).toEqual(['1 unaccounted: 0/3', '1 wrongLetters: id-conflict of 0/2']);
  });

  test('a foreign record that is no dead letter, or one for another reason', () => {
    const poison = { partition: 0, offset: 4, timeMs: 0, value: '{' };
    const change = { records: [...GOOD.records, poison], foreign: new Map([['{', 'not-json']]) };
    expect(judged(change)).toEqual(['1 unaccounted: 0/4']);
    const of = (reason: string) => [...GOOD.letters, { ...poison, reason, letterOffset: 1 }];
    expect(judged({ ...change, letters: of('not-utf-8') })).toEqual(['1 wrongLetters: not-utf-8 of 0/4']);
    expect(judged({ ...change, letters: of('not-json') })).toEqual([]);
  });

  test('offsets that hold no record', () => {
    expect(judged({ spans: [{ partition: 0, low: 0, high: 4 }] })).toEqual([]);
    expect(judged({ spans: [{ partition: 0, low: 0, high: 6 }] })).toEqual([
      '1 unread: 2 of 6 of partition 0, the first is 4',
    ]);
    expect(judged({ spans: [{ partition: 1, low: 2, high: 3 }] })).toEqual([
      '1 unread: 1 of 1 of partition 1, the first is 2',
    ]);
  });

  test('an offset that was committed before its record was safe', () => {
    const samples = [{ committed: new Map([[0, 4]]), lettersEnd: 1 }];
    const seen = (index: number) => new Map([first, second].map(({ event_id: id }) => [id, index]));
    expect(judged({ samples: { samples, firstSeen: seen(0), failed: 0 } })).toEqual([]);
    expect(judged({ samples: { samples, firstSeen: seen(1), failed: 0 } })).toEqual(['3 early: 0/0, 0/1, 0/2']);
    const early = [{ ...samples[0], lettersEnd: 0 }];
    expect(judged({ samples: { samples: early, firstSeen: seen(0), failed: 0 } })).toEqual(['1 early: 0/3']);
  });

  test('a change against a price that is in no document', () => {
    const change = { previous_price: 9, amount: 1, percent: 1 };
    const stored = [GOOD.stored[0], { ...GOOD.stored[1], change }];
    expect(judged({ stored })).toEqual([expect.stringMatching(/^1 wrongChanges: oracle:run:2: /)]);
  });

  test('a drain that took too long', () => {
    expect(judged({ drain: { seconds: 60, mostSeconds: 60 } })).toEqual([]);
    expect(judged({ drain: { seconds: 61, mostSeconds: 60 } })).toEqual([
      '1 slow: nothing was behind after 61 s; at most 60 s are allowed',
    ]);
  });

  test('an event that a producer calls wrong', () => {
    const wrong = { ...sent(event(5), false), refused: '400' };
    expect(judged({ sent: [...GOOD.sent, wrong] })).toEqual(['1 refused: oracle:run:5: 400']);
  });

  test('the first examples alone', () => {
    const change = { sent: [1, 2, 3, 4].map((n) => sent(event(n))), stored: [], records: [], letters: [] };
    expect(judged(change)).toEqual(['4 lost: oracle:run:1, oracle:run:2, oracle:run:3, …']);
  });
});

describe('it accepts', () => {
  test('what is stored once, repetitions on the topic, and a conflict with its dead letter', () => {
    expect(violations(judge(GOOD))).toEqual([]);
    expect(judge(GOOD)).toMatchObject({ sent: 3, acknowledged: 3, unknown: 0, stored: 2, records: 4, conflicts: 1 });
  });

  test('an unknown outcome, stored or not', () => {
    const unknown = event(4);
    const more = [...GOOD.sent, sent(unknown, false)];
    expect(judged({ sent: more })).toEqual([]);
    const stored = [...GOOD.stored, document(unknown, 4)];
    expect(judged({ sent: more, stored, records: [...GOOD.records, record(unknown, 4)] })).toEqual([]);
  });

  test('a dead letter twice', () => {
    expect(judged({ letters: [...GOOD.letters, ...GOOD.letters] })).toEqual([]);
  });

  test('the other one of two that are in conflict', () => {
    const change = { stored: [document(conflict, 3), document(second, 1)], letters: [letter(first, 0)] };
    expect(judged(change)).toEqual([]);
  });
});

import { completeNameless } from './nameless';

const event = {
  event_id: '',
  metal: 'gold',
  price: 1,
  currency: 'USD',
  unit: 'kg',
  timestamp: '',
  source: 'oracle:run:1',
};
const named = { ...event, event_id: 'id-2', timestamp: '2026-01-31T12:00:00.000Z', source: 'oracle:run:2' };
const sent = [event, named].map((each) => ({ event: each, acknowledged: false }));
const record = (value: string) => ({ partition: 0, offset: 0, timeMs: 0, value });

test('id and time of an event without an answer are those on the topic; nothing else is taken from there', () => {
  const there = { ...event, event_id: 'id-1', timestamp: '2026-01-31T12:00:01.000Z', price: 2 };
  const other = { ...named, event_id: 'id-3' };
  const records = [record('{'), record('null'), record(JSON.stringify(there)), record(JSON.stringify(other))];
  const [first, second] = completeNameless(sent, records);
  expect(first.event).toEqual({ ...event, event_id: 'id-1', timestamp: '2026-01-31T12:00:01.000Z' });
  expect(second.event).toEqual(named);
});

test('one that never came there stays as it is', () => {
  expect(completeNameless(sent, [])).toEqual(sent);
});

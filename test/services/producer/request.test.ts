import { contentHash, sentHash, type PriceEvent } from '../../../services/common/event';
import { Problem } from '../../../services/common/problem';
import { UuidV7Generator, uuidV7Of, uuidV7TimeMs } from '../../../services/common/uuid';
import { EventReader, type EventReaderOptions } from '../../../services/producer/request';

const DAY_MS = 86_400_000;
const nowMs = Date.parse('2026-03-01T12:00:00Z');
const ids = new UuidV7Generator(() => nowMs);
const options: EventReaderOptions = {
  nowMs: () => nowMs,
  nextId: () => ids.next(),
  config: {
    metals: {
      gold: { partition: 0, price: 2_650, unit: 'troy_ounce' },
      copper: { partition: 1, price: 9_100, unit: 'tonne' },
    },
    events: { currency: 'USD', max_age_days: 30, max_future_seconds: 300 },
  },
};
const good = { metal: 'gold', price: 1_850 };

const reader = new EventReader(options);

function refusal(body: unknown): Problem {
  const result = reader.read(body);
  if (result instanceof Problem) return result;
  throw new Error(`accepted ${JSON.stringify(body)}`);
}

function accepted(body: unknown, by = reader): PriceEvent {
  const result = by.read(body);
  if (result instanceof Problem) throw result;
  return result;
}

describe('EventReader refuses', () => {
  test.each([
    ['null', null],
    ['an array', []],
    ['an array of events', [good]],
    ['a string', 'gold'],
    ['a number', 1],
  ])('%s as the body', (_, body) => {
    expect(refusal(body)).toMatchObject({ status: 400, slug: 'invalid-event' });
  });

  test.each<[string, object, string]>([
    ['a missing metal', { price: 1 }, 'metal'],
    ['a missing price', { metal: 'gold' }, 'price'],
    ['an unknown metal', { ...good, metal: 'unobtainium' }, 'metal'],
    ['a metal with a blank', { ...good, metal: 'gold ' }, 'metal'],
    ['a metal in capitals', { ...good, metal: 'GOLD' }, 'metal'],
    ['a homoglyph', { ...good, metal: 'gоld' }, 'metal'],
    ['a NUL', { ...good, metal: 'gold\0' }, 'metal'],
    ['an operator', { ...good, metal: { $gt: '' } }, 'metal'],
    ['a name of Object.prototype', { ...good, metal: 'constructor' }, 'metal'],
    ['a price of 0', { ...good, price: 0 }, 'price'],
    ['a price of -0', { ...good, price: -0 }, 'price'],
    ['a negative price', { ...good, price: -1 }, 'price'],
    ['a price that no market knows', { ...good, price: 0.000_000_9 }, 'price'],
    ['the least number above 0', { ...good, price: 5e-324 }, 'price'],
    ['an infinite price', { ...good, price: Number.POSITIVE_INFINITY }, 'price'],
    ['NaN', { ...good, price: Number.NaN }, 'price'],
    ['a price as text', { ...good, price: '12' }, 'price'],
    ['a price beyond the bound', { ...good, price: 2 ** 53 + 1 }, 'price'],
    ['an unknown field', { ...good, prise: 1 }, 'prise'],
    ['__proto__', JSON.parse('{"metal":"gold","price":1,"__proto__":{"admin":true}}'), '__proto__'],
    ['an id that is no version 7 UUID', { ...good, event_id: '01a204de-fcc6-4000-8479-47f6e574fbfe' }, 'event_id'],
    ['an invalid timestamp', { ...good, timestamp: 'yesterday' }, 'timestamp'],
    ['a timestamp of 1970', { ...good, timestamp: '1970-01-01T00:00:00Z' }, 'timestamp'],
    ['a timestamp far ahead', { ...good, timestamp: '2026-03-01T12:06:00Z' }, 'timestamp'],
    ['an id from long ago', { ...good, event_id: '00000000-0001-7000-8479-47f6e574fbfe' }, 'event_id'],
    ['a dotted source', { ...good, source: '$where' }, 'source'],
  ])('%s, and names the field', (_, body, field) => {
    const problem = refusal(body);
    expect(problem.status).toBe(400);
    expect(problem.extra.errors?.map((error) => error.field)).toContain(field);
    expect(problem.detail).toContain(field);
  });

  test('every wrong field at once, with what is allowed', () => {
    const { extra } = refusal({ metal: 'golf', price: -1, prise: 2 });
    expect(extra.errors).toEqual([
      { field: 'prise', value: 2, allowed: expect.stringContaining('did you mean price?') },
      { field: 'metal', value: 'golf', allowed: 'one of gold, copper' },
      { field: 'price', value: -1, allowed: 'a number, at least 0.000001 and at most 10000000' },
    ]);
  });

  test('a missing field with what it is to be', () => {
    expect(refusal({ price: 1 }).extra.errors).toEqual([
      { field: 'metal', allowed: 'it is required: one of gold, copper' },
    ]);
  });

  test.each<[string, object, string]>([
    ['currency', { currency: 'usd' }, 'must match pattern "^[A-Z]{3}$", such as USD'],
    ['unit', { unit: 'ton' }, 'one of troy_ounce, kilogram, tonne'],
    ['timestamp', { timestamp: 'now' }, 'must match format "date-time", such as 2026-01-31T12:00:00.000Z'],
  ])('%s with what is allowed', (field, fields, allowed) => {
    expect(refusal({ ...good, ...fields }).extra.errors).toEqual([
      { field, value: Object.values(fields)[0] as unknown, allowed },
    ]);
  });

  test.each([
    ['30 days and 1 s old', -30 * DAY_MS - 1_000],
    ['301 s ahead', 301_000],
  ])('a time that is %s, in the timestamp and in the id', (_, fromNowMs) => {
    const allowed = 'a time at most 30 days old and 300 s ahead';
    const timestamp = new Date(nowMs + fromNowMs).toISOString();
    expect(refusal({ ...good, timestamp }).extra.errors).toEqual([{ field: 'timestamp', value: timestamp, allowed }]);
    const event_id = uuidV7Of(nowMs + fromNowMs, 'gold');
    expect(refusal({ ...good, event_id }).extra.errors).toEqual([{ field: 'event_id', value: event_id, allowed }]);
  });

  test('without repeating a long value', () => {
    const { extra } = refusal({ ...good, metal: 'x'.repeat(10_000) });
    expect(JSON.stringify(extra).length).toBeLessThan(300);
  });
});

describe('EventReader', () => {
  test.each([
    ['30 days less 1 s old', -30 * DAY_MS + 1_000],
    ['299 s ahead', 299_000],
  ])('takes a time that is %s, in the timestamp and in the id', (_, fromNowMs) => {
    const timestamp = new Date(nowMs + fromNowMs).toISOString();
    expect(accepted({ ...good, timestamp })).toMatchObject({ timestamp });
    expect(accepted({ ...good, event_id: uuidV7Of(nowMs + fromNowMs, 'gold') })).toMatchObject({ timestamp });
  });

  test('fills in what a client leaves out; the timestamp is that of the id', () => {
    const event = accepted({ metal: 'copper', price: 9_000.5 });
    expect(event).toEqual({
      event_id: expect.any(String),
      metal: 'copper',
      price: 9_000.5,
      currency: 'USD',
      unit: 'tonne',
      timestamp: new Date(uuidV7TimeMs(event.event_id)).toISOString(),
      source: 'api',
      schema_version: 1,
    });
  });

  test.each([
    ['back', -3_600_000],
    ['forward', 3 * 3_600_000],
  ])('takes an event without id and timestamp also when the clock has been set %s meanwhile', (_, stepMs) => {
    const stepped = new EventReader({ ...options, nowMs: () => nowMs + stepMs });
    expect(accepted(good, stepped)).toMatchObject({ price: 1_850 });
  });

  test('a retry with the same id is the same event, however late', () => {
    const body = { ...good, event_id: ids.next() };
    const later = new EventReader({ ...options, nowMs: () => nowMs + 60_000 });
    expect(accepted(body, later)).toEqual(accepted(body));
  });

  test('the same body is the same event also after an update that changes the defaults', () => {
    const { config } = options;
    const updated = new EventReader({
      ...options,
      source: 'lme',
      config: {
        metals: { gold: { ...config.metals.gold, unit: 'kilogram' } },
        events: { ...config.events, currency: 'EUR' },
      },
    });
    const body = { ...good, event_id: ids.next() };
    const [before, after] = [accepted(body), accepted(body, updated)];
    expect(contentHash(after)).not.toBe(contentHash(before));
    expect(sentHash(after)).toBe(sentHash(before));
    expect(sentHash(accepted({ ...body, unit: 'kilogram' }, updated))).not.toBe(sentHash(before));
    expect(sentHash(accepted({ ...body, price: 1 }, updated))).not.toBe(sentHash(before));
  });

  test('an event that states all that is configured is known by its content alone', () => {
    expect(sentHash(accepted({ ...good, currency: 'USD', unit: 'troy_ounce', source: 'lme' }))).toBeUndefined();
  });

  test('keeps what a client states, with the timestamp in UTC', () => {
    const stated = {
      ...good,
      currency: 'EUR',
      unit: 'kilogram',
      source: 'lme',
      timestamp: '2026-03-01T13:00:00+01:00',
    };
    const expected = { ...stated, timestamp: '2026-03-01T12:00:00.000Z' };
    expect(accepted(stated)).toMatchObject(expected);
  });
});

import { contentHash, type PriceEvent } from '../../../services/common/event';
import { LastPrices } from '../../../services/processor/last-prices';
import { decide as decideAfter, type Decision, type SourceRecord } from '../../../services/processor/record';

const event: PriceEvent = {
  event_id: '01a204de-fcc6-7000-8479-47f6e574fbfe',
  metal: 'gold',
  price: 1_850.25,
  currency: 'USD',
  unit: 'troy_ounce',
  timestamp: '2026-03-01T12:00:00.000Z',
  source: 'api',
  schema_version: 1,
};
const none = (): LastPrices => LastPrices.decode(null);
const decide = (source: SourceRecord, ingestedAt: Date, last = none()): Decision =>
  decideAfter(source, ingestedAt, last);
const documentOf = (decision: Decision) => (decision.kind === 'document' ? decision.document : undefined);
const at = new Date('2026-03-01T12:00:01.000Z');
const record = (value: unknown, key: string | null = event.event_id): SourceRecord => ({
  topic: 'metals-prices',
  partition: 3,
  offset: '42',
  appendedMs: at.getTime(),
  key: key === null ? null : Buffer.from(key),
  value:
    value === null || Buffer.isBuffer(value)
      ? value
      : Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
});

describe('decide makes a dead letter of', () => {
  test.each<[string, unknown, string]>([
    ['a null value', null, 'empty-value'],
    ['an empty value', '', 'empty-value'],
    ['binary', Buffer.from([0xff, 0x00, 0xfe]), 'not-utf-8'],
    ['text', 'gold 1850', 'not-json'],
    ['truncated JSON', '{"metal":', 'not-json'],
    ['JSON null', 'null', 'invalid-event'],
    ['an array', '[]', 'invalid-event'],
    ['a number', '7', 'invalid-event'],
    ['arrays nested 16,000 deep without end', '['.repeat(16_000), 'not-json'],
    ['arrays nested 8,000 deep', `${'['.repeat(8_000)}${']'.repeat(8_000)}`, 'invalid-event'],
    ['objects nested 2,500 deep', `${'{"a":'.repeat(2_500)}1${'}'.repeat(2_500)}`, 'invalid-event'],
    ['1,500 unknown fields', Object.fromEntries(Array.from({ length: 1_500 }, (_, n) => [n, 1])), 'invalid-event'],
    ['a byte order mark before an event', `\ufeff${JSON.stringify(event)}`, 'not-json'],
    ['a record of 1 MB', { ...event, source: 'x'.repeat(1_000_000) }, 'too-large'],
    ['16 KiB and a byte', Buffer.alloc(16_385 - event.event_id.length, ' '), 'too-large'],
    ['16 KiB', Buffer.alloc(16_384 - event.event_id.length, ' '), 'not-json'],
    ['a missing field', { ...event, price: undefined }, 'invalid-event'],
    ['an unknown field', { ...event, admin: true }, 'invalid-event'],
    ['a negative price', { ...event, price: -1 }, 'invalid-event'],
    ['the least number above 0', { ...event, price: 5e-324 }, 'invalid-event'],
    ['an operator as metal', { ...event, metal: { $gt: '' } }, 'invalid-event'],
    ['a leap second, which no Date holds', { ...event, timestamp: '2016-12-31T23:59:60Z' }, 'invalid-event'],
    ['a future schema version', { ...event, schema_version: 2, extra: 1 }, 'unknown-schema-version'],
  ])('%s', (_, value, reason) => {
    const decision = decide(record(value), at);
    expect(decision).toMatchObject({ kind: 'dead-letter', reason });
    if (decision.kind === 'dead-letter') expect(decision.detail.length).toBeLessThanOrEqual(500);
  });

  test('a large key', () => {
    expect(decide(record(event, 'x'.repeat(20_000)), at)).toMatchObject({ reason: 'too-large' });
  });

  test('what stands for records that nobody could read', () => {
    expect(decide({ ...record(null), unreadable: 'the batch is not valid gzip' }, at)).toEqual({
      kind: 'dead-letter',
      reason: 'unreadable-batch',
      detail: 'the batch is not valid gzip',
    });
  });

  test('a record whose key is not the id of its event', () => {
    expect(decide(record(event, 'another'), at)).toMatchObject({
      reason: 'key-mismatch',
      detail: expect.stringContaining('"another"'),
    });
  });
});

describe('decide', () => {
  test('makes a document of a valid event, with coordinates and ingestion time', () => {
    expect(decide(record(event), at)).toEqual({
      kind: 'document',
      document: {
        _id: event.event_id,
        metal: 'gold',
        price: 1_850.25,
        currency: 'USD',
        unit: 'troy_ounce',
        timestamp: new Date('2026-03-01T12:00:00.000Z'),
        source: 'api',
        schema_version: 1,
        content_hash: contentHash(event),
        ingested_at: at,
        kafka: { topic: 'metals-prices', partition: 3, offset: 42 },
      },
    });
  });

  test('of a name that stands twice it takes the last value, as JSON.parse does', () => {
    const doubled = JSON.stringify(event).replace('"price":1850.25', '"price":1,"price":2');
    expect(documentOf(decide(record(doubled), at))?.price).toBe(2);
  });

  test('takes a record without a key', () => {
    expect(decide(record(event, null), at).kind).toBe('document');
  });
});

describe('the hash of what was sent', () => {
  const { event_id, metal, price, timestamp, schema_version, ...filledIn } = event;
  const partly = { event_id, metal, price, timestamp, schema_version, ...filledIn };
  const sentHashOf = (value: PriceEvent) => documentOf(decide(record(value), at))?.sent_hash;

  test('passes over what the producer filled in, which stands after the version on the topic', () => {
    expect(sentHashOf(partly)).toEqual(expect.any(String));
    expect(sentHashOf({ ...partly, unit: 'kilogram', currency: 'EUR', source: 'lme' })).toBe(sentHashOf(partly));
    expect(sentHashOf({ ...partly, price: 1 })).not.toBe(sentHashOf(partly));
  });

  test('is not stored where nothing was filled in', () => {
    expect(documentOf(decide(record(event), at))).not.toHaveProperty('sent_hash');
  });
});

describe('the content hash', () => {
  test('is of the event as sent: read again from elsewhere, later, it is the same', () => {
    const last = none();
    last.observe({ ...event, price: 1 }, 0, 0);
    const again = documentOf(decide({ ...record(event), topic: 'other', offset: '7' }, new Date(), last));
    expect(again?.change).toBeDefined();
    expect(again?.content_hash).toBe(documentOf(decide(record(event), at))?.content_hash);
  });

  test.each<Partial<PriceEvent>>([
    { price: 1_850.26 },
    { metal: 'zinc' },
    { timestamp: '2026-03-01T12:00:00.001Z' },
    { source: 'lme' },
    { currency: 'EUR' },
    { unit: 'kilogram' },
  ])('changes with %j', (change) => {
    expect(contentHash({ ...event, ...change })).not.toBe(contentHash(event));
  });
});

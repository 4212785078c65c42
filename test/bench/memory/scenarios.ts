import { UuidV7Generator } from '../../../services/common/uuid';
import type { TestRecord } from '../../services/kafka-answers';
import { batchOf, type EncodedBatch } from '../../services/processor/simulated-topic';

export interface Scenario {
  /** Batches that each of six partitions holds, over and over. */
  readonly batches: () => Promise<EncodedBatch[]>;
  readonly count: number;
  /** `away` refuses, `slow` takes 200 ms for an insert. */
  readonly store: 'fast' | 'slow' | 'away';
  readonly letters: 'fast' | 'away';
  /** All six partitions have the backlog, or the first one only. @default 6 */
  readonly partitions?: number;
}

const ids = new UuidV7Generator();

export function event(change: object = {}): TestRecord {
  const event_id = ids.next();
  const common = { metal: 'gold', currency: 'USD', unit: 'troy_ounce', schema_version: 1, source: 'simulator' };
  const value = { event_id, ...common, price: 1_850.25, timestamp: new Date().toISOString(), ...change };
  return { key: Buffer.from(event_id), value: Buffer.from(JSON.stringify(value)) };
}

const many = (count: number, make: (n: number) => TestRecord): TestRecord[] =>
  Array.from({ length: count }, (_, n) => make(n));
const sized = (bytes: number): TestRecord => ({ value: Buffer.alloc(bytes, 'x') });
const headers = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`h${n}`, '']));
/** As many errors as a record of the most bytes that are read can have. */
const wrong = (): TestRecord => {
  const fields = Object.fromEntries(many(1_700, () => ({})).map((_, n) => [n.toString(36), 1]));
  return { value: Buffer.from(JSON.stringify(fields)) };
};
const nested = (): TestRecord => ({ value: Buffer.from(`${'['.repeat(8_190)}${']'.repeat(8_190)}`) });

const EVENTS = async (): Promise<EncodedBatch[]> => [await batchOf(many(500, () => event()))];

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'events, all is well': { batches: EVENTS, count: 60, store: 'fast', letters: 'fast' },
  'events, slow store': { batches: EVENTS, count: 1e6, store: 'slow', letters: 'fast' },
  'events, store away': { batches: EVENTS, count: 1e6, store: 'away', letters: 'fast' },
  'one event a batch, store away': {
    batches: async () => [await batchOf([event()])],
    count: 1e6,
    store: 'away',
    letters: 'fast',
  },
  '100,000 records of 0 bytes a batch': {
    batches: async () => [await batchOf(many(100_000, () => sized(0)))],
    count: 50,
    store: 'fast',
    letters: 'fast',
  },
  '100,000 records of 1 byte a batch, letters away': {
    batches: async () => [await batchOf(many(100_000, () => sized(1)))],
    count: 50,
    store: 'fast',
    letters: 'away',
  },
  '1 MB a record, letters away': {
    batches: async () => [await batchOf([sized(1_000_000)])],
    count: 1e6,
    store: 'fast',
    letters: 'away',
  },
  '1 MB a record': {
    batches: async () => [await batchOf([sized(1_000_000)])],
    count: 200,
    store: 'fast',
    letters: 'fast',
  },
  '16 KB a record, 1,700 errors each, letters away': {
    batches: async () => [await batchOf(many(60, wrong))],
    count: 1e6,
    store: 'fast',
    letters: 'away',
  },
  '16 KB a record, nested 8,190 deep': {
    batches: async () => [await batchOf(many(60, nested))],
    count: 20,
    store: 'fast',
    letters: 'fast',
  },
  '12,000 headers a record': {
    batches: async () => [await batchOf([{ ...event(), headers: headers(12_000) }])],
    count: 20,
    store: 'fast',
    letters: 'fast',
  },
  'gzip, 12 MB from 12 KB': {
    batches: async () => [
      await batchOf(
        many(12, () => sized(1_000_000)),
        { compression: 1 },
      ),
    ],
    count: 200,
    store: 'fast',
    letters: 'fast',
  },
};

/** What the first partition holds while a live event comes every 20 ms on another one. */
export const NEIGHBOURS: readonly string[] = [
  'events, all is well',
  '100,000 records of 0 bytes a batch',
  '100,000 records of 1 byte a batch, letters away',
  '1 MB a record',
  '16 KB a record, 1,700 errors each, letters away',
  '16 KB a record, nested 8,190 deep',
  '12,000 headers a record',
  'gzip, 12 MB from 12 KB',
];

import { setTimeout as sleep } from 'node:timers/promises';
import type { PriceEvent } from '../../../services/common/event';
import { uuidV7Of } from '../../../services/common/uuid';
import { seededRandom } from '../../../services/producer/walk';
import { LastPrices, type PriceChange } from '../../../services/processor/last-prices';
import { Pipeline, type RecordBatch } from '../../../services/processor/pipeline';
import { processBatch } from '../../../services/processor/process-batch';
import type { PriceDocument, SourceRecord } from '../../../services/processor/record';
import type { Refusal, Repetition, StoreResult } from '../../../services/processor/store';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');
type Random = () => number;
const below = (random: Random, limit: number): number => Math.floor(random() * limit);

/** Events of few kinds with ids that come again: repetitions, conflicts, late ones and ones from the future. */
function makeTopic(random: Random, count: number): SourceRecord[] {
  const sent: PriceEvent[] = [];
  return Array.from({ length: count }, (_, index) => {
    const appendedMs = NOW_MS + index * 1_000;
    const event = random() < 0.15 && sent.length > 0 ? again(random, sent) : fresh(random, index, appendedMs);
    sent.push(event);
    const value = Buffer.from(random() < 0.03 ? 'poison' : JSON.stringify(event));
    return { topic: 't', partition: 0, offset: String(index), appendedMs, key: null, value };
  });
}

function again(random: Random, sent: readonly PriceEvent[]): PriceEvent {
  const event = sent[below(random, sent.length)];
  return random() < 0.5 ? event : { ...event, price: 9_999, timestamp: new Date(NOW_MS + 1e7).toISOString() };
}

function fresh(random: Random, index: number, appendedMs: number): PriceEvent {
  const aheadMs = random() < 0.1 ? 290_000 : -below(random, 3_000);
  return {
    event_id: uuidV7Of(NOW_MS + index, String(index)),
    metal: random() < 0.7 ? 'gold' : 'zinc',
    price: 1_000 + index,
    currency: 'USD',
    unit: 'tonne',
    timestamp: new Date(appendedMs + aheadMs).toISOString(),
    source: 'api',
    schema_version: 1,
  };
}

/** Answers late and in any order, as MongoDB does; what is inserted stays, also when nobody hears of it. */
class Store {
  readonly documents = new Map<string, PriceDocument>();
  corrections = 0;

  constructor(private readonly random: Random) {}

  async insert(documents: readonly PriceDocument[]): Promise<StoreResult> {
    await sleep(below(this.random, 4));
    const repeated: Repetition[] = [];
    const refused: Refusal[] = [];
    for (const document of documents) {
      const stored = this.documents.get(document._id);
      if (stored === undefined) this.documents.set(document._id, document);
      else if (stored.content_hash !== document.content_hash)
        refused.push({ document, reason: 'id-conflict', detail: '' });
      else {
        const isOfThisRecord = stored.kafka.offset === document.kafka.offset;
        repeated.push({ document, isOfThisRecord, change: stored.change });
      }
    }
    await sleep(below(this.random, 4));
    return { inserted: documents.length - repeated.length - refused.length, repeated, refused };
  }

  correct(id: string, change: PriceChange | undefined): void {
    this.corrections += 1;
    this.documents.set(id, { ...this.documents.get(id)!, change });
  }
}

/** A processor that reads from what is committed, and may die at any moment. */
async function run(topic: readonly SourceRecord[], store: Store, committed: Committed, random: Random, dies: boolean) {
  if (committed.offset === topic.length) return;
  let dead = false;
  const orDie = <T>(value: T): T | Promise<never> => (dead ? new Promise<never>(() => undefined) : value);
  let finished = (): void => undefined;
  const end = new Promise<void>((resolve) => (finished = resolve));
  const pipeline = new Pipeline({
    maxPendingBytes: 1e9,
    partitions: () => 1,
    loadLastPrices: async () => LastPrices.decode(committed.metadata),
    process: (records, last, read) =>
      processBatch(records, last, read, {
        store: async (documents) => orDie(await store.insert(documents)),
        deadLetter: async () => orDie(undefined),
        now: () => new Date(),
        onSafe: () => undefined,
        sliceRecords: 4,
        sliceMs: 10,
      }),
    correct: async (corrections) => {
      for (const { id, change } of corrections) {
        await orDie(undefined);
        store.correct(id, change);
        await sleep(below(random, 2));
      }
    },
    onDone: ({ nextOffset }, metadata) => {
      if (dead) return;
      Object.assign(committed, { offset: Number(nextOffset), metadata });
      if (committed.offset === topic.length) finished();
    },
    onFailure: (_, error) => {
      throw error;
    },
  });
  const death = dies
    ? sleep(10 + below(random, 60)).then(() => void (dead = true))
    : new Promise<void>(() => undefined);
  void feed(pipeline, topic.slice(committed.offset), random, () => dead);
  await Promise.race([end, death]);
}

async function feed(pipeline: Pipeline, records: readonly SourceRecord[], random: Random, isDead: () => boolean) {
  for (let start = 0; start < records.length && !isDead();) {
    const some = records.slice(start, start + 1 + below(random, 12));
    start += some.length;
    const nextOffset = String(Number(some[some.length - 1].offset) + 1);
    const batch: RecordBatch = { partition: 0, generation: 1, records: some, nextOffset, bytes: 1 };
    await pipeline.whenRoom(0);
    pipeline.submit(batch);
    if (random() < 0.5) await sleep(below(random, 3));
  }
}

interface Committed {
  offset: number;
  metadata: string | null;
}

/** By the words of docs/events.md, and not by the product's code. */
function expectedChanges(
  documents: readonly PriceDocument[],
  topic: readonly SourceRecord[],
): Map<string, number | undefined> {
  const latest = new Map<string, { price: number; timeMs: number }>();
  const previous = new Map<string, number | undefined>();
  for (const { _id, metal, price, timestamp, kafka } of [...documents].sort(
    (a, b) => a.kafka.offset - b.kafka.offset,
  )) {
    const before = latest.get(metal);
    const isNewer = before === undefined || timestamp.getTime() > before.timeMs;
    previous.set(_id, isNewer ? before?.price : undefined);
    const timeMs = Math.min(timestamp.getTime(), topic[kafka.offset].appendedMs);
    if (isNewer) latest.set(metal, { price, timeMs });
  }
  return previous;
}

test.each(Array.from({ length: 12 }, (_, index) => index + 1))(
  'once all is committed, every change is to the price of a document, whatever the store refused and whoever died (seed %i)',
  async (seed) => {
    const random = seededRandom(seed);
    const topic = makeTopic(random, 200);
    const store = new Store(random);
    const committed: Committed = { offset: 0, metadata: null };
    // What one that is taken for dead has under way still reaches the store.
    for (let deaths = 0; deaths < 3; deaths += 1) await run(topic, store, committed, random, true);
    await run(topic, store, committed, random, false);
    const documents = [...store.documents.values()];
    const expected = expectedChanges(documents, topic);
    const wrong = documents.filter(({ _id, change }) => change?.previous_price !== expected.get(_id));
    expect(wrong.map(({ _id, change, kafka }) => ({ at: kafka.offset, change, expected: expected.get(_id) }))).toEqual(
      [],
    );
    expect(documents.length).toBeGreaterThan(150);
    expect(store.corrections).toBeGreaterThan(0);
  },
  20_000,
);

import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { UuidV7Generator } from '../../../services/common/uuid';
import { MAX_PENDING_BYTES } from '../../../services/processor/consumer';
import type { TestRecord } from '../kafka-answers';
import { simulatedProcessor } from './simulated-processor';
import { batchOf, SimulatedTopic, type EncodedBatch, type SimulatedPartition } from './simulated-topic';

jest.setTimeout(300_000);

const TOPIC = 'metals-prices';
/** `max.message.bytes` of the topic: the most that one batch, and so one record, may have. */
const MAX_BATCH_BYTES = 1_048_576;
/** A batch is cut into parts, and each has a cost of its own. */
const ONE_RECORD_MORE = MAX_BATCH_BYTES + 2 * 10_240;
const ids = new UuidV7Generator();

function event(): TestRecord {
  const event_id = ids.next();
  const common = { metal: 'gold', currency: 'USD', unit: 'troy_ounce', schema_version: 1, source: 'test' };
  const value = { event_id, ...common, price: 1_850, timestamp: '2026-03-01T12:00:00.000Z' };
  return { key: Buffer.from(event_id), value: Buffer.from(JSON.stringify(value)) };
}

const sized = (bytes: number): TestRecord => ({ value: Buffer.alloc(bytes, 'x') });

interface Shape {
  readonly kind: string;
  readonly size: number;
  readonly records: number;
}

const shapeOf = (kind: string, size: [number, number], records: [number, number]): fc.Arbitrary<Shape> =>
  fc.record({
    kind: fc.constant(kind),
    size: fc.integer({ min: size[0], max: size[1] }),
    records: fc.integer({ min: records[0], max: records[1] }),
  });

/** One kind of batch each: what the worst of clients would put on the topic, and what ours do. */
const shape = fc.oneof(
  shapeOf('events', [0, 0], [1, 500]),
  shapeOf('tiny', [0, 9], [1, 6_000]),
  shapeOf('sized', [10, 20_000], [1, 50]),
  shapeOf('large', [100_000, 1_000_000], [1, 1]),
  shapeOf('headers', [0, 400], [1, 5]),
  shapeOf('bomb', [1, 4], [2, 2]),
);

function encode({ kind, size, records }: Shape): Promise<EncodedBatch> {
  const many = (make: () => TestRecord): TestRecord[] => Array.from({ length: records }, make);
  const headers = Object.fromEntries(Array.from({ length: size }, (_, n) => [`h${n}`, 'v']));
  switch (kind) {
    case 'events':
      return batchOf(many(event));
    case 'headers':
      return batchOf(many(() => ({ ...event(), headers })));
    case 'bomb':
      return batchOf(
        many(() => sized((size * BOMB_BYTES) / 2)),
        { compression: 1 },
      );
    default:
      return batchOf(many(() => sized(size)));
  }
}

/** Unpacked, a bomb takes this much for each of its size; the processor unpacks 4 MiB. */
const BOMB_BYTES = 2 * 1_500_000;
/** Records that become a document or a letter of their own. */
const accounted = ({ kind, size, records }: Shape): number =>
  kind === 'bomb' && size * BOMB_BYTES > 4 * 1_048_576 ? 1 : records;

const partition = fc.record({
  shapes: fc.array(shape, { minLength: 1, maxLength: 3 }),
  rounds: fc.integer({ min: 1, max: 6 }),
});
const scenario = fc.record({
  partitions: fc.array(partition, { minLength: 1, maxLength: 8 }),
  storeAway: fc.boolean(),
  lettersAway: fc.boolean(),
});

interface PartitionPlan {
  readonly shapes: readonly Shape[];
  readonly rounds: number;
}

async function build(partitions: readonly PartitionPlan[]): Promise<SimulatedTopic> {
  const simulated: SimulatedPartition[] = [];
  for (const { shapes, rounds } of partitions) {
    const batches: EncodedBatch[] = [];
    for (const each of shapes) batches.push(await encode(each));
    simulated.push({ batches, count: rounds * batches.length });
  }
  return new SimulatedTopic(TOPIC, simulated);
}

async function waitUntil(isTrue: () => boolean, look: () => void, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (!isTrue() && Date.now() < deadline) {
    look();
    await sleep(2);
  }
  look();
  return isTrue();
}

test('whatever is on the topic and whatever is away, what is under way stays below its bound, and all of it gets done', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ partitions, storeAway, lettersAway }) => {
      const topic = await build(partitions);
      let away = true;
      let most = 0;
      let safe = 0;
      topic.onSend = async () => {
        if (away && lettersAway) throw new Error('away');
      };
      const store = {
        insert: async () => {
          if (away && storeAway) throw new Error('away');
        },
      };
      const { consumer, stop } = simulatedProcessor(TOPIC, topic, store, ({ inserted, deadLetters }) => {
        safe += inserted + deadLetters.length;
      });
      const look = (): void => void (most = Math.max(most, consumer.pendingBytes));
      const behind = (): number[] =>
        [...topic.next.keys()].filter((each) => topic.committed.get(each) !== topic.end(each));
      consumer.start();
      await waitUntil(() => behind().length === 0, look, 300);
      // While something is away, the answers of the broker that it does not take in must not keep it busy.
      const fetches = topic.fetches;
      if (storeAway && lettersAway) await waitUntil(() => false, look, 100);
      if (storeAway && lettersAway && topic.paused.size === partitions.length)
        expect(topic.fetches - fetches).toBeLessThan(5);
      away = false;
      const done = await waitUntil(() => behind().length === 0, look, 60_000);
      await stop();
      expect({ done, behind: behind() }).toEqual({ done: true, behind: [] });
      expect(most).toBeLessThanOrEqual(MAX_PENDING_BYTES + ONE_RECORD_MORE);
      const all = partitions.flatMap(({ shapes, rounds }) => shapes.map((each) => rounds * accounted(each)));
      expect(safe).toBe(all.reduce((sum, records) => sum + records, 0));
      expect(topic.largestAnswer).toBeLessThanOrEqual(MAX_BATCH_BYTES + 10_000);
    }),
    { numRuns: Number(process.env.METALS_PROPERTY_RUNS ?? 6) },
  );
});

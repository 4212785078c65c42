import type { PriceEvent } from '../../../services/common/event';
import { UuidV7Generator } from '../../../services/common/uuid';
import { LastPrices } from '../../../services/processor/last-prices';
import {
  processBatch as process,
  type BatchResult,
  type DeadLetter,
  type ProcessDeps,
} from '../../../services/processor/process-batch';
import type { PriceDocument, SourceRecord } from '../../../services/processor/record';

const processBatch = (records: readonly SourceRecord[], deps: ProcessDeps, read = (): void => undefined) =>
  process(records, LastPrices.decode(null), read, deps);
const ids = new UuidV7Generator();
let offset = 0;

function good(): SourceRecord {
  const event: PriceEvent = {
    event_id: ids.next(),
    metal: 'gold',
    price: 1,
    currency: 'USD',
    unit: 'tonne',
    timestamp: '2026-03-01T12:00:00.000Z',
    source: 'api',
    schema_version: 1,
  };
  return {
    topic: 't',
    partition: 0,
    offset: String(offset++),
    appendedMs: 0,
    key: null,
    value: Buffer.from(JSON.stringify(event)),
  };
}
const poison = (): SourceRecord => ({
  topic: 't',
  partition: 0,
  offset: String(offset++),
  appendedMs: 0,
  key: null,
  value: Buffer.from('poison'),
});

function recorder(change: Partial<ProcessDeps> = {}) {
  const stored: PriceDocument[] = [];
  const letters: DeadLetter[] = [];
  const results: BatchResult[] = [];
  const deps: ProcessDeps = {
    store: async (documents) => {
      stored.push(...documents);
      return { inserted: documents.length, repeated: [], refused: [] };
    },
    deadLetter: async (batch) => void letters.push(...batch),
    now: () => new Date(0),
    onSafe: (result) => results.push(result),
    sliceRecords: 500,
    sliceMs: 1_000,
    ...change,
  };
  return { stored, letters, results, deps };
}

describe('processBatch', () => {
  test.each([
    ['head', 0],
    ['middle', 2],
    ['tail', 4],
  ])('poison at the %s costs one dead letter and not the batch', async (_, position) => {
    const records = Array.from({ length: 5 }, (__, index) => (index === position ? poison() : good()));
    const { stored, letters, deps } = recorder();
    await processBatch(records, deps);
    expect(stored).toHaveLength(4);
    expect(letters).toEqual([{ record: records[position], reason: 'not-json', detail: expect.any(String) }]);
  });

  test('a batch of poison alone needs no store', async () => {
    const store = jest.fn();
    const { letters, deps } = recorder({ store });
    await processBatch([poison(), poison()], deps);
    expect(letters).toHaveLength(2);
    expect(store).not.toHaveBeenCalled();
  });

  test('what the store refuses becomes a dead letter with the coordinates of its own record', async () => {
    const records = [good(), good()];
    const { letters, results, deps } = recorder({
      store: async (documents) => ({
        inserted: 1,
        repeated: [],
        refused: [{ document: documents[1], reason: 'id-conflict', detail: 'stored with other content' }],
      }),
    });
    await processBatch(records, deps);
    expect(letters).toEqual([{ record: records[1], reason: 'id-conflict', detail: 'stored with other content' }]);
    expect(results).toEqual([{ inserted: 1, repeated: 0, deadLetters: letters }]);
  });

  test('does not resolve when a write or a dead letter fails, so nothing is committed', async () => {
    const storeFails = recorder({ store: () => Promise.reject(new Error('stopping')) });
    await expect(processBatch([good()], storeFails.deps)).rejects.toThrow('stopping');
    const letterFails = recorder({ deadLetter: () => Promise.reject(new Error('stopping')) });
    await expect(processBatch([poison()], letterFails.deps)).rejects.toThrow('stopping');
  });

  test('waits for the dead letter before it resolves', async () => {
    let acknowledge = (): void => undefined;
    const { deps } = recorder({ deadLetter: () => new Promise<void>((resolve) => (acknowledge = resolve)) });
    let resolved = false;
    const done = processBatch([good(), poison()], deps).then(() => (resolved = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolved).toBe(false);
    acknowledge();
    await done;
  });

  test('is read before it is written, so that the next one can be read meanwhile', async () => {
    let store = (): void => undefined;
    const { results, deps } = recorder({
      store: (documents) =>
        new Promise((resolve) => (store = () => resolve({ inserted: documents.length, repeated: [], refused: [] }))),
    });
    const read = jest.fn();
    const done = processBatch([good()], deps, read);
    expect(read).toHaveBeenCalledTimes(1);
    store();
    await done;
    expect(results).toMatchObject([{ inserted: 1 }]);
  });

  test('a batch of several slices is read in order, and the turns between are for others', async () => {
    const records = Array.from({ length: 5 }, (_, index) => (index === 3 ? poison() : good()));
    const { stored, letters, results, deps } = recorder({ sliceRecords: 2 });
    let turns = 0;
    const count = setImmediate(() => (turns += 1));
    await processBatch(records, deps);
    clearImmediate(count);
    expect(turns).toBe(1);
    expect(stored.map(({ kafka }) => String(kafka.offset))).toEqual([0, 1, 2, 4].map((index) => records[index].offset));
    expect(letters).toHaveLength(1);
    expect(results.map(({ inserted }) => inserted)).toEqual([2, 1, 1]);
  });

  test('records that take longer than they should get a turn each, however few they are', async () => {
    const { results, deps } = recorder({ sliceMs: 0 });
    await processBatch([good(), poison(), good()], deps);
    expect(results.map(({ inserted, deadLetters }) => [inserted, deadLetters.length])).toEqual([
      [1, 0],
      [0, 1],
      [1, 0],
    ]);
  });

  test('a slice that fails while others are still read fails the batch, and not the process', async () => {
    const store = jest.fn().mockRejectedValueOnce(new Error('superseded'));
    const { deps } = recorder({ sliceRecords: 1 });
    const done = processBatch([good(), good(), good()], {
      ...deps,
      store: (documents) => store(documents) ?? deps.store(documents),
    });
    await expect(done).rejects.toThrow('superseded');
    expect(store).toHaveBeenCalledTimes(3);
  });
});

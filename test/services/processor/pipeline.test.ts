import { LastPrices } from '../../../services/processor/last-prices';
import { Pipeline, type RecordBatch } from '../../../services/processor/pipeline';
import { AS_READ } from '../../../services/processor/settle';

interface Work {
  readonly name: string;
  readonly read: () => void;
  readonly finish: () => void;
  readonly fail: (error: Error) => void;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const batch = (nextOffset: string, partition = 0, generation = 1, bytes = 10): RecordBatch => ({
  partition,
  generation,
  nextOffset,
  bytes,
  records: [{ topic: 't', partition, offset: nextOffset, appendedMs: 0, key: null, value: null }],
});

function setUp(load = async (): Promise<LastPrices> => LastPrices.decode(null), maxPendingRecords = 2) {
  const works: Work[] = [];
  const done: string[] = [];
  const failed: string[] = [];
  const loads: number[] = [];
  const pipeline = new Pipeline({
    maxPendingRecords,
    maxPendingBytes: 100,
    maxPendingBatches: 3,
    loadLastPrices: (partition) => (loads.push(partition), load()),
    process: (records, _, read) =>
      new Promise((resolve, reject) =>
        works.push({ name: records[0].offset, read, finish: () => resolve(AS_READ), fail: reject }),
      ),
    correct: async () => undefined,
    onDone: ({ nextOffset }) => done.push(nextOffset),
    onFailure: ({ nextOffset }) => failed.push(nextOffset),
  });
  return { pipeline, works, done, failed, loads };
}

describe('Pipeline', () => {
  test('after a failure nothing that follows on the partition is done, or offsets would be committed over a gap', async () => {
    const { pipeline, works, done, failed } = setUp();
    pipeline.submit(batch('1'));
    pipeline.submit(batch('2'));
    await turn();
    works[0].read();
    await turn();
    works[1].read();
    works[1].finish();
    works[0].fail(new Error('defect'));
    await pipeline.idle();
    expect(done).toEqual([]);
    expect(failed).toEqual(['1', '2']);
  });

  test('a batch after one that failed unread is not read: its latest prices would be wrong', async () => {
    const { pipeline, works, failed } = setUp();
    pipeline.submit(batch('1'));
    pipeline.submit(batch('2'));
    await turn();
    works[0].fail(new Error('defect'));
    await pipeline.idle();
    expect(works).toHaveLength(1);
    expect(failed).toEqual(['1', '2']);
  });

  test('a new generation starts afresh after a failure', async () => {
    const { pipeline, works, done } = setUp();
    pipeline.submit(batch('1'));
    await turn();
    works[0].fail(new Error('defect'));
    await pipeline.idle();
    pipeline.submit(batch('1', 0, 2));
    await turn();
    works[1].read();
    works[1].finish();
    await pipeline.idle();
    expect(done).toEqual(['1']);
  });

  test('reads the next batch while one is written, and is done in order whichever is safe first', async () => {
    const { pipeline, works, done } = setUp();
    pipeline.submit(batch('1'));
    pipeline.submit(batch('2'));
    await turn();
    expect(works.map(({ name }) => name)).toEqual(['1']);
    works[0].read();
    await turn();
    expect(works.map(({ name }) => name)).toEqual(['1', '2']);
    works[1].read();
    works[1].finish();
    await turn();
    expect(done).toEqual([]);
    works[0].finish();
    await pipeline.idle();
    expect(done).toEqual(['1', '2']);
  });

  test('is full at its limit, also with batches of an earlier generation, and tells when there is room', async () => {
    const { pipeline, works } = setUp();
    pipeline.submit(batch('1'));
    pipeline.submit(batch('1', 0, 2));
    expect(pipeline.isFull(0)).toBe(true);
    expect(pipeline.isFull(1)).toBe(false);
    expect(pipeline.pendingRecords).toBe(2);
    let room = false;
    const waiting = pipeline.whenRoom(0).then(() => (room = true));
    await turn();
    expect(room).toBe(false);
    works[0].read();
    works[0].finish();
    await waiting;
    expect(pipeline.isFull(0)).toBe(false);
    works[1].read();
    works[1].finish();
    await pipeline.idle();
    expect(pipeline.pendingRecords).toBe(0);
  });

  test('is full at its limit of bytes, and only then lets those who wait go on', async () => {
    const { pipeline, works } = setUp();
    pipeline.submit(batch('1', 0, 1, 100));
    pipeline.submit(batch('2', 0, 1, 100));
    let room = false;
    const waiting = pipeline.whenRoom(0).then(() => (room = true));
    await turn();
    works[0].read();
    works[0].finish();
    await turn();
    expect(pipeline.isFull(0)).toBe(true);
    expect(room).toBe(false);
    works[1].read();
    works[1].finish();
    await waiting;
    expect(pipeline.isFull(0)).toBe(false);
  });

  test('is full at its limit of batches, however few records and bytes they have', () => {
    const { pipeline } = setUp(undefined, 100);
    for (const offset of ['1', '2']) pipeline.submit(batch(offset));
    expect(pipeline.isFull(0)).toBe(false);
    pipeline.submit(batch('3'));
    expect(pipeline.isFull(0)).toBe(true);
    expect(pipeline.isFull(1)).toBe(false);
  });

  test('another partition goes on while one waits', async () => {
    const { pipeline, works, done } = setUp();
    pipeline.submit(batch('1', 0));
    pipeline.submit(batch('5', 1));
    await turn();
    works[1].read();
    works[1].finish();
    await turn();
    expect(done).toEqual(['5']);
    works[0].read();
    works[0].finish();
    await pipeline.idle();
  });

  test('asks for the latest prices once for each partition and generation', async () => {
    const { pipeline, works, loads } = setUp();
    pipeline.submit(batch('1'));
    await turn();
    works[0].read();
    works[0].finish();
    await pipeline.idle();
    pipeline.submit(batch('2'));
    await turn();
    works[1].finish();
    await pipeline.idle();
    expect(loads).toEqual([0]);
  });

  test('fails a batch whose latest prices cannot be had', async () => {
    const { pipeline, works, failed } = setUp(() => Promise.reject(new Error('stopping')));
    pipeline.submit(batch('1'));
    await pipeline.idle();
    expect(works).toEqual([]);
    expect(failed).toEqual(['1']);
  });
});

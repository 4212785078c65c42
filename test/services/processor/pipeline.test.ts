import { LastPrices } from '../../../services/processor/last-prices';
import { BATCH_COST_BYTES, costBytes, Pipeline, type RecordBatch } from '../../../services/processor/pipeline';
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

/** A batch of one record, with 10 bytes. */
const ONE = BATCH_COST_BYTES + costBytes(1, 10);

function setUp(
  load = async (): Promise<LastPrices> => LastPrices.decode(null),
  maxPendingBytes = 2 * ONE,
  partitions = 1,
) {
  const works: Work[] = [];
  const done: string[] = [];
  const failed: string[] = [];
  const loads: number[] = [];
  const pipeline = new Pipeline({
    maxPendingBytes,
    partitions: () => partitions,
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
    expect(pipeline.roomBytes(0)).toBe(ONE);
    pipeline.submit(batch('1', 0, 2));
    expect(pipeline.isFull(0)).toBe(true);
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
    expect(pipeline.roomBytes(0)).toBe(2 * ONE);
  });

  test('is full at its limit of bytes, and only then lets those who wait go on', async () => {
    const { pipeline, works } = setUp();
    pipeline.submit(batch('1', 0, 1, 2 * ONE));
    pipeline.submit(batch('2', 0, 1, 2 * ONE));
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

  test('a partition has its share of the room and no more, so that the others can go on', () => {
    const { pipeline } = setUp(undefined, 8 * ONE, 2);
    for (const offset of ['1', '2', '3', '4']) pipeline.submit(batch(offset));
    expect([0, 1].map((partition) => pipeline.isFull(partition))).toEqual([true, false]);
    expect(pipeline.roomBytes(1)).toBe(4 * ONE);
    // What will be submitted of others meanwhile counts against the whole, not against the share.
    expect(pipeline.roomBytes(1, ONE)).toBe(3 * ONE);
  });

  test('all partitions together have no more than the whole, whatever earlier assignments have left', async () => {
    const { pipeline, works } = setUp(undefined, 4 * ONE, 2);
    for (const partition of [7, 8]) for (const offset of ['1', '2']) pipeline.submit(batch(offset, partition));
    expect(pipeline.isFull(0)).toBe(true);
    let room = false;
    const waiting = pipeline.whenRoom(0).then(() => (room = true));
    await turn();
    expect(room).toBe(false);
    works[0].read();
    works[0].finish();
    await waiting;
    expect(pipeline.roomBytes(0)).toBe(ONE);
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

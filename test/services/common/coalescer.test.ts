import { Coalescer, QueueFullError } from '../../../services/common/coalescer';

/** As long as what is submitted gathers. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

function gate(): { promise: Promise<void>; open: () => void; fail: (error: Error) => void } {
  let open = (): void => undefined;
  let fail = (_: Error): void => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

function coalescer(flush: (items: readonly number[]) => Promise<void>, maxQueuedWeight = 100, maxBatchWeight = 3) {
  return new Coalescer<number>({ maxBatchWeight, maxQueuedWeight, weigh: () => 1, flush });
}

describe('Coalescer', () => {
  test('never has two flushes in flight, and keeps the order', async () => {
    let inFlight = 0;
    const batches: (readonly number[])[] = [];
    const queue = coalescer(async (items) => {
      inFlight += 1;
      expect(inFlight).toBe(1);
      await new Promise((resolve) => setImmediate(resolve));
      batches.push(items);
      inFlight -= 1;
    });
    await Promise.all(Array.from({ length: 8 }, (_, index) => queue.submit(index)));
    expect(batches).toEqual([
      [0, 1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
  });

  test('a failed flush rejects its own items and no others', async () => {
    const queue = coalescer(async (items) => {
      if (items.includes(0)) throw new Error('broken');
    });
    const results = await Promise.allSettled([0, 1, 2, 3].map((item) => queue.submit(item)));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected', 'fulfilled']);
  });

  test('an item resolves only after its flush, not before', async () => {
    const { promise, open } = gate();
    const queue = coalescer(() => promise);
    let resolved = false;
    const submitted = queue.submit(1).then(() => (resolved = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect(resolved).toBe(false);
    expect(queue.inFlightMs).toBeGreaterThanOrEqual(0);
    open();
    await submitted;
    expect(resolved).toBe(true);
  });

  test('refuses what the queue has no room for, and takes more once it has', async () => {
    const { promise, open } = gate();
    const queue = coalescer(() => promise, 2, 1);
    const first = queue.submit(1);
    await turn();
    const waiting = [queue.submit(2), queue.submit(3)];
    await expect(queue.submit(4)).rejects.toThrow(new QueueFullError(2, 2).message);
    open();
    await Promise.all([first, ...waiting]);
    await expect(queue.submit(5)).resolves.toBeUndefined();
  });

  test('an item heavier than a batch goes alone', async () => {
    const batches: number[][] = [];
    const queue = new Coalescer<number>({
      maxBatchWeight: 10,
      maxQueuedWeight: 1_000,
      weigh: (item) => item,
      flush: async (items) => void batches.push([...items]),
    });
    await Promise.all([queue.submit(50), queue.submit(4), queue.submit(6), queue.submit(1)]);
    expect(batches).toEqual([[50], [4, 6], [1]]);
  });

  test('idle resolves when everything is flushed', async () => {
    const done: number[] = [];
    const queue = coalescer(async (items) => void done.push(...items));
    void queue.submit(1);
    void queue.submit(2);
    await queue.idle();
    expect(done).toEqual([1, 2]);
    await queue.idle();
  });

  test('tells how long the flush in flight has taken', async () => {
    let now = 1_000;
    const { promise, open } = gate();
    const queue = new Coalescer<number>({
      maxBatchWeight: 1,
      maxQueuedWeight: 1,
      weigh: () => 1,
      flush: () => promise,
      now: () => now,
    });
    const submitted = queue.submit(1);
    await turn();
    now = 61_000;
    expect(queue.inFlightMs).toBe(60_000);
    open();
    await submitted;
    expect(queue.inFlightMs).toBe(0);
  });

  test('begins a second flush only when a whole batch waits, and never a third', async () => {
    const batches: (readonly number[])[] = [];
    const { promise, open } = gate();
    const queue = new Coalescer<number>({
      maxBatchWeight: 2,
      maxQueuedWeight: 100,
      maxFlushes: 2,
      weigh: () => 1,
      flush: (items) => (batches.push(items), promise),
    });
    const all = [queue.submit(1)];
    await turn();
    all.push(queue.submit(2));
    await turn();
    expect(batches).toEqual([[1]]);
    all.push(queue.submit(3));
    await turn();
    expect(batches).toEqual([[1], [2, 3]]);
    all.push(...[4, 5, 6].map((item) => queue.submit(item)));
    await turn();
    expect(batches).toHaveLength(2);
    open();
    await Promise.all(all);
    await queue.idle();
    expect(batches.flat()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('what comes in the turn in which the last flush ends is flushed as well', async () => {
    const done: number[] = [];
    const queue = coalescer(async (items) => void done.push(...items));
    for (let item = 0; item < 50; item += 1) await queue.submit(item);
    await queue.submit(50).then(() => queue.submit(51));
    expect(done).toHaveLength(52);
  });

  test('gathers while it is busy, and for no one who is not', async () => {
    const batches: number[] = [];
    const queue = new Coalescer<number>({
      maxBatchWeight: 10_000,
      maxQueuedWeight: 10_000,
      weigh: () => 1,
      busyIntervalMs: 40,
      flush: async (items) => void batches.push(items.length),
    });
    const startedMs = performance.now();
    for (let item = 0; item < 5; item += 1) await queue.submit(item);
    expect(performance.now() - startedMs).toBeLessThan(40);
    expect(batches).toEqual([1, 1, 1, 1, 1]);
    await Promise.all(Array.from({ length: 1_000 }, (_, item) => queue.submit(item)));
    await new Promise((resolve) => setTimeout(resolve, 260));
    batches.length = 0;
    // Busy by the last window: the second waits for the third.
    await queue.submit(1);
    await Promise.all([queue.submit(2), new Promise((resolve) => setTimeout(resolve, 5)).then(() => queue.submit(3))]);
    expect(batches.at(-1)).toBe(2);
  });
});

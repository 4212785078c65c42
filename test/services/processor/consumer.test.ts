import type { Kafka } from 'kafkajs';
import { pino } from 'pino';
import { nextOffset, PriceConsumer } from '../../../services/processor/consumer';

const TOPIC = 'metals-prices';

/** A kafkajs consumer whose batches and events the test drives. */
function fakeKafka(assigned: number[]) {
  const listeners = new Map<string, (event: object) => void>();
  const committed: { partition: number; offset: string }[] = [];
  const resolved: string[] = [];
  let eachBatch: (payload: object) => Promise<void> = () => Promise.reject(new Error('run was not called'));
  let running = (): void => undefined;
  const started = new Promise<void>((resolve) => (running = resolve));
  const state = { runOptions: {} as object, subscription: {} as object, beforeJoin: (): void => undefined };
  const consumer = {
    events: { FETCH: 'f', HEARTBEAT: 'h', CONNECT: 'c', REBALANCING: 'r', GROUP_JOIN: 'j', CRASH: 'x' },
    on: (name: string, listener: (event: object) => void) => listeners.set(name, listener),
    connect: async () => undefined,
    subscribe: async (subscription: object) => void (state.subscription = subscription),
    run: async (options: { eachBatch: typeof eachBatch }) => {
      state.runOptions = options;
      eachBatch = options.eachBatch;
      state.beforeJoin();
      listeners.get('j')?.({ payload: { memberAssignment: { [TOPIC]: assigned } } });
      running();
    },
    stop: async () => undefined,
    disconnect: async () => undefined,
  };
  const admin = { connect: async () => undefined, fetchOffsets: async () => [], disconnect: async () => undefined };
  const deliver = (partition: number, offsets: string[]): Promise<void> =>
    eachBatch({
      batch: {
        topic: TOPIC,
        partition,
        highWatermark: '100',
        lastOffset: () => offsets[offsets.length - 1],
        messages: offsets.map((offset) => ({ key: null, value: Buffer.from(offset), offset })),
      },
      heartbeat: async () => undefined,
      resolveOffset: (offset: string) => resolved.push(offset),
      commitOffsetsIfNecessary: async ({ topics }: { topics: { partitions: typeof committed }[] }) =>
        void committed.push(...topics[0].partitions),
      isStale: () => false,
    });
  return {
    kafka: { consumer: () => consumer, admin: () => admin } as unknown as Kafka,
    committed,
    resolved,
    started,
    deliver,
    state,
  };
}

function consumer(kafka: Kafka, process: () => Promise<void>): PriceConsumer {
  return new PriceConsumer({
    kafka,
    topic: TOPIC,
    partitions: 6,
    group: 'g',
    sessionTimeoutMs: 30_000,
    maxWaitMs: 100,
    maxBytesPerPartition: 1_024,
    logger: pino({ level: 'silent' }),
    process,
  });
}

test('what is committed is the offset to read next, also beyond 2^53', () => {
  expect(nextOffset('0')).toBe('1');
  expect(nextOffset('9007199254740993')).toBe('9007199254740994');
});

describe('PriceConsumer', () => {
  test('commits nothing when processing fails', async () => {
    const fake = fakeKafka([0]);
    const subject = consumer(fake.kafka, () => Promise.reject(new Error('stopping')));
    subject.start();
    await fake.started;
    await expect(fake.deliver(0, ['5', '6'])).rejects.toThrow('stopping');
    expect(fake.committed).toEqual([]);
    expect(fake.resolved).toEqual([]);
    await subject.stop();
  });

  test('commits only after processing, and the offset after the last record', async () => {
    const fake = fakeKafka([0]);
    let finish = (): void => undefined;
    const subject = consumer(fake.kafka, () => new Promise<void>((resolve) => (finish = resolve)));
    subject.start();
    await fake.started;
    const delivered = fake.deliver(0, ['5', '6']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fake.committed).toEqual([]);
    finish();
    await delivered;
    expect(fake.committed).toEqual([{ partition: 0, offset: '7' }]);
    expect(fake.resolved).toEqual(['6']);
    await subject.stop();
  });

  test('leaves the offset of a partition that has moved to its new owner', async () => {
    const fake = fakeKafka([1]);
    const subject = consumer(fake.kafka, () => Promise.resolve());
    subject.start();
    await fake.started;
    await fake.deliver(0, ['5']);
    expect(fake.committed).toEqual([]);
    await subject.stop();
  });

  test('says that it waits for the group until it has joined', async () => {
    const fake = fakeKafka([0]);
    const subject = consumer(fake.kafka, () => Promise.resolve());
    expect(subject.waiting).toBeUndefined();
    expect(subject.problem).toBe('not yet connected to Kafka');
    fake.state.beforeJoin = () => expect(subject.waiting).toBe('waiting to join the group g');
    subject.start();
    await fake.started;
    expect(subject.waiting).toBeUndefined();
    await subject.stop();
    expect.assertions(4);
  });

  test('reads from the beginning and commits by itself alone', async () => {
    const fake = fakeKafka([0]);
    const subject = consumer(fake.kafka, () => Promise.resolve());
    subject.start();
    await fake.started;
    expect(fake.state.subscription).toEqual({ topics: [TOPIC], fromBeginning: true });
    expect(fake.state.runOptions).toMatchObject({ autoCommit: false, eachBatchAutoResolve: false });
    await subject.stop();
  });
});

import type { Kafka } from 'kafkajs';
import { MAX_PENDING_BYTES, type ConsumerOptions } from '../../../services/processor/consumer';
import { nextOffset } from '../../../services/processor/group-offsets';
import { AS_READ } from '../../../services/processor/settle';
import { fetchedMessage, priceConsumer, TOPIC } from './support';

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** A kafkajs consumer whose batches and events the test drives. */
function fakeKafka(assigned: number[], metadata: string | null = null) {
  const listeners = new Map<string, (event: object) => void>();
  const committed: { partition: number; offset: string; metadata: string }[] = [];
  const resolved: string[] = [];
  const paused: unknown[] = [];
  const resumed: unknown[] = [];
  const log: string[] = [];
  let eachBatch: (payload: object) => Promise<void> = () => Promise.reject(new Error('run was not called'));
  let running = (): void => undefined;
  const started = new Promise<void>((resolve) => (running = resolve));
  const state = {
    runOptions: {} as object,
    subscription: {} as object,
    beforeJoin: (): void => undefined,
    joins: 0,
    firstOffsetFrom: (_: number): number => 5,
    pause: (topics: unknown): void => void paused.push(topics),
    join: async (): Promise<void> => join(assigned),
  };
  const join = (partitions: number[]): void =>
    listeners.get('j')?.({ payload: { memberAssignment: { [TOPIC]: partitions } } });
  const consumer = {
    events: {
      FETCH_START: 's',
      FETCH: 'f',
      HEARTBEAT: 'h',
      CONNECT: 'c',
      REBALANCING: 'r',
      GROUP_JOIN: 'j',
      CRASH: 'x',
    },
    on: (name: string, listener: (event: object) => void) => listeners.set(name, listener),
    connect: async () => undefined,
    subscribe: async (subscription: object) => void (state.subscription = subscription),
    run: async (options: { eachBatch: typeof eachBatch }) => {
      state.runOptions = options;
      state.joins += 1;
      eachBatch = options.eachBatch;
      state.beforeJoin();
      const joined = state.join();
      running();
      await joined;
    },
    pause: (topics: unknown) => state.pause(topics),
    resume: (topics: unknown) => void resumed.push(topics),
    stop: async () => void log.push('stop'),
    disconnect: async () => undefined,
  };
  const partitions = [0, 1].map((partition) => ({ partition, offset: '5', metadata }));
  const admin = {
    connect: async () => undefined,
    fetchOffsets: async () => [{ topic: TOPIC, partitions }],
    fetchTopicOffsetsByTimestamp: async (_: string, timeMs: number) => [
      { partition: 0, offset: String(state.firstOffsetFrom(timeMs)) },
    ],
    disconnect: async () => undefined,
  };
  const deliver = (partition: number, offsets: string[], value = Buffer.from('v'), leaderEpoch = 0): Promise<void> =>
    eachBatch({
      batch: {
        topic: TOPIC,
        partition,
        lastOffset: () => offsets[offsets.length - 1],
        messages: offsets.map((offset) => fetchedMessage(offset, value, leaderEpoch)),
      },
      resolveOffset: (offset: string) => resolved.push(offset),
      commitOffsetsIfNecessary: async ({ topics }: { topics: { topic: string; partitions: typeof committed }[] }) =>
        void (log.push('commit'), topics.forEach((each) => each.topic === TOPIC && committed.push(...each.partitions))),
      isStale: () => false,
    });
  const kafka = { consumer: () => consumer, admin: () => admin } as unknown as Kafka;
  return { kafka, committed, resolved, paused, resumed, log, started, deliver, join, state };
}

/** Processing that the test ends, one batch after the other. */
function manual() {
  const works: { offsets: string[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const process: ConsumerOptions['process'] = (records, _, read) => {
    read();
    return new Promise((resolve, reject) => {
      const finish = (): void => resolve(AS_READ);
      works.push({ offsets: records.map(({ offset }) => offset), finish, fail: reject });
    });
  };
  return { works, process };
}

/** A consumer that has joined, with one partition and processing that the test ends. */
async function started() {
  const fake = fakeKafka([0]);
  const { works, process } = manual();
  const subject = priceConsumer(fake.kafka, process);
  subject.start();
  await fake.started;
  return { fake, works, subject };
}

test('what is committed is the offset to read next, also beyond 2^53', () => {
  expect(nextOffset('0')).toBe('1');
  expect(nextOffset('9007199254740993')).toBe('9007199254740994');
});

describe('PriceConsumer', () => {
  test('a drain that begins while kafkajs has crashed and not yet said so still finishes what is under way', async () => {
    const { fake, works, subject } = await started();
    await fake.deliver(0, ['5', '6']);
    await turn();
    fake.state.pause = () => {
      throw new Error('Consumer group was not initialized, consumer#run must be called first');
    };
    const stopped = subject.stop();
    works[0].finish();
    await stopped;
    expect(fake.committed).toEqual([expect.objectContaining({ partition: 0, offset: '7' })]);
  });

  test('commits nothing when processing fails, and reads again with another consumer', async () => {
    const { fake, works, subject } = await started();
    await fake.deliver(0, ['5', '6']);
    await turn();
    works[0].fail(new Error('defect'));
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(fake.committed).toEqual([]);
    expect(fake.state.joins).toBe(2);
    await subject.stop();
  });

  test('fetches on while records are written, and commits only what is safe, in order', async () => {
    const { fake, works, subject } = await started();
    await fake.deliver(0, ['5', '6']);
    await fake.deliver(0, ['7']);
    await turn();
    expect(fake.resolved).toEqual(['6', '7']);
    works[1].finish();
    await turn();
    expect(fake.committed).toEqual([]);
    works[0].finish();
    await turn();
    expect(fake.committed[0]).toEqual({
      partition: 0,
      offset: '7',
      metadata: '{"v":1,"last":[],"part":true,"log":[5,6,7000]}',
    });
    await subject.stop();
    expect(fake.committed.at(-1)).toMatchObject({ offset: '8' });
  });

  test('pauses a partition that has enough under way, and resumes it', async () => {
    const { fake, works, subject } = await started();
    const three = [{ topic: TOPIC, partitions: [0] }];
    const large = Buffer.alloc(MAX_PENDING_BYTES / 2);
    await fake.deliver(0, ['5'], large);
    expect(fake.paused).toEqual([]);
    await fake.deliver(0, ['6'], large);
    await turn();
    expect(fake.resolved).toEqual(['5', '6']);
    expect(works.map(({ offsets }) => offsets)).toEqual([['5'], ['6']]);
    expect(fake.paused).toEqual([three]);
    expect(fake.resumed).toEqual([]);
    works[0].finish();
    await turn();
    expect(fake.resumed).toEqual([three]);
    works[1].finish();
    await subject.stop();
  });

  test('leaves the offset of a partition that has moved to its new owner', async () => {
    const fake = fakeKafka([0, 1]);
    const { works, process } = manual();
    const subject = priceConsumer(fake.kafka, process);
    subject.start();
    await fake.started;
    await fake.deliver(0, ['5']);
    await fake.deliver(1, ['5']);
    await turn();
    fake.join([1]);
    works.forEach(({ finish }) => finish());
    await turn();
    await fake.deliver(0, ['6']);
    await turn();
    expect(works).toHaveLength(2);
    expect(fake.committed).toEqual([]);
    await subject.stop();
  });

  test('stops by finishing and committing first: kafkajs drops a commit after its own stop without a word', async () => {
    const { fake, works, subject } = await started();
    await fake.deliver(0, ['5']);
    await turn();
    const stopped = subject.stop();
    await fake.deliver(0, ['6']);
    expect(fake.paused).toEqual([[{ topic: TOPIC }]]);
    works[0].finish();
    await stopped;
    expect(works).toHaveLength(1);
    expect(fake.resolved).toEqual(['5']);
    expect(fake.log).toEqual(['commit', 'stop']);
  });

  test('does not wait for a join, which can take longer than a drain may', async () => {
    const fake = fakeKafka([0]);
    fake.state.join = () => new Promise(() => undefined);
    const subject = priceConsumer(fake.kafka, () => Promise.resolve(AS_READ));
    subject.start();
    await fake.started;
    await subject.stop();
    expect(fake.log).toEqual([]);
  });

  test('goes on from the latest prices that were committed with the offset', async () => {
    const fake = fakeKafka([0], '{"v":1,"last":[["gold","USD","troy_ounce",100,5]]}');
    let encoded = '';
    const subject = priceConsumer(fake.kafka, async (_, last, read) => {
      encoded = last.encode();
      read();
      return AS_READ;
    });
    subject.start();
    await fake.started;
    await fake.deliver(0, ['5']);
    await turn();
    expect(encoded).toContain('["gold","USD","troy_ounce",100,5]');
    await subject.stop();
  });

  test('says that it waits for the group until it has joined', async () => {
    const fake = fakeKafka([0]);
    const subject = priceConsumer(fake.kafka, () => Promise.resolve(AS_READ));
    expect(subject.waiting).toBeUndefined();
    expect(subject.problem).toBe('not yet connected to Kafka');
    fake.state.beforeJoin = () => expect(subject.waiting).toBe('waiting to join the group g');
    subject.start();
    await fake.started;
    expect(subject.waiting).toBeUndefined();
    expect(subject.partitions).toEqual([0]);
    await subject.stop();
    expect.assertions(5);
  });

  test('reads from the beginning and commits by itself alone', async () => {
    const fake = fakeKafka([0]);
    const subject = priceConsumer(fake.kafka, () => Promise.resolve(AS_READ));
    subject.start();
    await fake.started;
    expect(fake.state.subscription).toEqual({ topics: [TOPIC], fromBeginning: true });
    expect(fake.state.runOptions).toMatchObject({ autoCommit: false, eachBatchAutoResolve: false });
    await subject.stop();
  });
});

describe('a topic that has lost records which are committed, and has grown again', () => {
  /** Records 2 to 4 were read, the last stamped at 6,000; the group goes on at 5. */
  const METADATA = '{"v":1,"last":[],"log":[2,4,6000]}';

  async function onTopic(firstLater: number, decision: 'reset' | 'stay' = 'stay') {
    const fake = fakeKafka([0], METADATA);
    const asked: number[] = [];
    fake.state.firstOffsetFrom = (timeMs) => (asked.push(timeMs), firstLater);
    const { works, process } = manual();
    const cuts: number[] = [];
    const onLogCut = (partition: number) => (cuts.push(partition), decision);
    const subject = priceConsumer(fake.kafka, process, { onLogCut });
    subject.start();
    await fake.started;
    return { fake, works, subject, cuts, asked };
  }

  test('is compared again before a record of another leader epoch is committed', async () => {
    const { fake, works, subject, asked } = await onTopic(5);
    await fake.deliver(0, ['5'], undefined, 1);
    await turn();
    works[0].finish();
    await turn();
    // The broker has started again, without the record at 5, and has grown beyond it.
    fake.state.firstOffsetFrom = (timeMs) => (asked.push(timeMs), 4);
    await fake.deliver(0, ['6'], undefined, 2);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(works).toHaveLength(1);
    expect(fake.committed).toEqual([expect.objectContaining({ offset: '6' })]);
    expect(fake.state.joins).toBe(2);
    await subject.lookForCuts();
    expect(asked).toHaveLength(2);
    expect(subject.cutPartitions).toEqual([0]);
    await subject.stop();
  });

  test.each([
    ['is whole: what is stamped later comes behind', 5],
    ['was deleted by age up to here', 9],
    ['has later stamps only where none of ours was', 1],
  ])('is not one that %s', async (_, firstLater) => {
    const { fake, works, subject, asked } = await onTopic(firstLater);
    await fake.deliver(0, ['5']);
    await turn();
    expect(asked).toEqual([6_001]);
    expect(works).toHaveLength(1);
    works[0].finish();
    await subject.stop();
    expect(subject.cutPartitions).toEqual([]);
  });

  test('stops that partition with nothing read and nothing committed, and starts no other consumer', async () => {
    const { fake, works, subject, cuts } = await onTopic(3);
    await fake.deliver(0, ['5']);
    await fake.deliver(0, ['6']);
    await turn();
    expect(subject.cutPartitions).toEqual([0]);
    expect(cuts).toEqual([0]);
    expect(works).toEqual([]);
    expect(fake.committed).toEqual([]);
    expect(fake.paused).toEqual([[{ topic: TOPIC, partitions: [0] }]]);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(fake.state.joins).toBe(1);
    await subject.stop();
  });

  test('is told also while nothing arrives', async () => {
    const { subject } = await onTopic(4);
    await subject.lookForCuts();
    expect(subject.cutPartitions).toEqual([0]);
    await subject.stop();
  });

  test('is read again from its earliest record, when that is asked for', async () => {
    const { fake, works, subject } = await onTopic(3, 'reset');
    await fake.deliver(0, ['5']);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(fake.committed).toEqual([{ partition: 0, offset: '0', metadata: '' }]);
    expect(fake.state.joins).toBe(2);
    expect(works).toEqual([]);
    await subject.stop();
  });
});

import type { Kafka } from 'kafkajs';
import { AS_READ } from '../../../services/processor/settle';
import { fetchedMessage, priceConsumer, TOPIC } from './support';

let nowMs = 0;
beforeEach(() => void jest.spyOn(performance, 'now').mockImplementation(() => nowMs));
afterEach(() => jest.restoreAllMocks());

/** A consumer that has joined, whose events, batches and processing the test drives. */
async function joined() {
  const listeners = new Map<string, (event: object) => void>();
  let eachBatch: (payload: object) => Promise<void> = () => Promise.reject(new Error('run was not called'));
  let running = (): void => undefined;
  const started = new Promise<void>((resolve) => (running = resolve));
  const names = ['FETCH_START', 'FETCH', 'HEARTBEAT', 'CONNECT', 'REBALANCING', 'GROUP_JOIN', 'CRASH'];
  const done = async (): Promise<void> => undefined;
  const consumer = {
    events: Object.fromEntries(names.map((name) => [name, name])),
    on: (name: string, listener: (event: object) => void) => listeners.set(name, listener),
    run: async (options: { eachBatch: typeof eachBatch }) => {
      eachBatch = options.eachBatch;
      listeners.get('GROUP_JOIN')?.({ payload: { memberAssignment: { [TOPIC]: [0] } } });
      running();
    },
    ...{ connect: done, subscribe: done, pause: done, stop: done, disconnect: done },
  };
  const admin = { connect: done, disconnect: done, fetchOffsets: async () => [{ topic: TOPIC, partitions: [] }] };
  let finish = (): void => undefined;
  let processing = (): void => undefined;
  const underWay = new Promise<void>((resolve) => (processing = resolve));
  const kafka = { consumer: () => consumer, admin: () => admin } as unknown as Kafka;
  const subject = priceConsumer(kafka, (_, __, read) => {
    read();
    processing();
    return new Promise((resolve) => (finish = () => resolve(AS_READ)));
  });
  subject.start();
  await started;
  /** Resolves once the batch is being processed. */
  const deliver = async (): Promise<void> => {
    await eachBatch({
      batch: { topic: TOPIC, partition: 0, lastOffset: () => '5', messages: [fetchedMessage('5')] },
      ...{ resolveOffset: done, commitOffsetsIfNecessary: done, pause: () => done, isStale: () => false },
    });
    await underWay;
  };
  const emit = (name: string): void => listeners.get(name)?.({});
  return { subject, emit, deliver, finish: () => finish() };
}

describe('the silence of a consumer', () => {
  test('grows while nothing comes', async () => {
    const { subject } = await joined();
    nowMs += 7_000;
    expect(subject.silentMs).toBe(7_000);
    nowMs += 60_000;
    expect(subject.silentMs).toBe(67_000);
    await subject.stop();
  });

  test.each(['FETCH', 'HEARTBEAT', 'CONNECT', 'REBALANCING'])('ends with %s', async (name) => {
    const { subject, emit } = await joined();
    nowMs += 7_000;
    emit(name);
    expect(subject.silentMs).toBe(0);
    await subject.stop();
  });

  test('does not end when kafkajs only begins a fetch, which may never return', async () => {
    const { subject, emit } = await joined();
    nowMs += 7_000;
    emit('FETCH_START');
    expect(subject.silentMs).toBe(7_000);
    await subject.stop();
  });

  test('ends with a batch that comes and with one that is finished', async () => {
    const { subject, deliver, finish } = await joined();
    nowMs += 7_000;
    await deliver();
    expect(subject.silentMs).toBe(0);
    nowMs += 5_000;
    expect(subject.silentMs).toBe(5_000);
    finish();
    await new Promise((resolve) => setImmediate(resolve));
    expect(subject.silentMs).toBe(0);
    await subject.stop();
  });
});

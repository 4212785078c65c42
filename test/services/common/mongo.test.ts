import {
  MongoBulkWriteError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoTopologyClosedError,
  type MongoClient,
} from 'mongodb';
import { MongoHandle, NoAnswerError } from '../../../services/common/mongo';

function clients(find: (made: number) => Promise<string>) {
  const state = { made: 0, closed: 0 };
  const clock = { nowMs: 0 };
  const create = (): MongoClient => {
    state.made += 1;
    const made = state.made;
    const collection = () => ({ find: () => find(made) });
    return { db: () => ({ collection }), close: async () => void (state.closed += 1) } as unknown as MongoClient;
  };
  const connection = { database: 'd', collection: 'c', timeout_ms: 5_000 };
  const handle = new MongoHandle<{ _id: string }>(connection, create, () => clock.nowMs);
  return { state, clock, handle };
}
const ask = (collection: any): Promise<string> => collection.find();

describe('MongoHandle', () => {
  test('a client that the driver has closed is replaced, and the operation done with the new one', async () => {
    const { state, handle } = clients(async (made) => {
      if (made === 1) throw new MongoTopologyClosedError('Topology is closed');
      return `answer of client ${made}`;
    });
    expect(await handle.use(ask)).toBe('answer of client 2');
    expect(state).toEqual({ made: 2, closed: 1 });
  });

  test('what the new client fails with is the reason, not that the old one is closed', async () => {
    const { handle } = clients(async (made) => {
      throw made === 1 ? new MongoTopologyClosedError('Topology is closed') : new Error('getaddrinfo ENOTFOUND');
    });
    await expect(handle.use(ask)).rejects.toThrow('ENOTFOUND');
  });

  test('two operations that meet the same closed client replace it once', async () => {
    const { state, handle } = clients(async (made) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (made === 1) throw new MongoTopologyClosedError('Topology is closed');
      return 'fine';
    });
    await Promise.allSettled([handle.use(ask), handle.use(ask)]);
    expect(state).toEqual({ made: 2, closed: 1 });
  });

  test('any other error leaves the client alone: the driver reconnects by itself', async () => {
    const { state, handle } = clients(() => Promise.reject(new Error('connection refused')));
    await expect(handle.use(ask)).rejects.toThrow('connection refused');
    expect(state).toEqual({ made: 1, closed: 0 });
  });

  test('after an answer that never came the client is replaced, once for all that waited with it', async () => {
    jest.useFakeTimers();
    const { state, clock, handle } = clients(async (made) => `answer of client ${made}`);
    clock.nowMs = 60_000;
    handle.replaceAfter(new MongoNetworkTimeoutError('timed out', {}));
    clock.nowMs = 60_010;
    handle.replaceAfter(new MongoNetworkTimeoutError('timed out', {}));
    expect(state).toEqual({ made: 2, closed: 0 });
    jest.advanceTimersByTime(19_999);
    expect(state.closed).toBe(0);
    jest.advanceTimersByTime(1);
    expect(state.closed).toBe(1);
    expect(await handle.use(ask)).toBe('answer of client 2');
    clock.nowMs = 90_000;
    handle.replaceAfter(new MongoNetworkTimeoutError('timed out', {}));
    expect(state.made).toBe(3);
    jest.useRealTimers();
  });

  test('an insert that timed out counts as well, although the driver wraps its error', () => {
    const { state, clock, handle } = clients(async () => 'fine');
    clock.nowMs = 60_000;
    // As insertMany of the driver makes it: a change there must show here.
    const wrapped = new MongoBulkWriteError(new MongoNetworkTimeoutError('timed out', {}) as never, {} as never);
    expect(wrapped).not.toBeInstanceOf(MongoNetworkTimeoutError);
    handle.replaceAfter(wrapped);
    expect(state.made).toBe(2);
    clock.nowMs = 120_000;
    handle.replaceAfter(new MongoBulkWriteError(new MongoNetworkError('reset') as never, {} as never));
    expect(state.made).toBe(2);
  });

  test.each([
    ['an operation that never ended', new NoAnswerError('no answer within 40 s')],
    ['a pool that gave no connection', Object.assign(new Error('Timed out'), { name: 'MongoWaitQueueTimeoutError' })],
  ])('after %s there is another client', (_, error) => {
    const { state, clock, handle } = clients(async () => 'fine');
    clock.nowMs = 60_000;
    handle.replaceAfter(error);
    expect(state.made).toBe(2);
  });

  test('a connection that was refused or reset needs no other client', () => {
    const { state, clock, handle } = clients(async () => 'fine');
    clock.nowMs = 60_000;
    handle.replaceAfter(new MongoNetworkError('read ECONNRESET'));
    expect(state.made).toBe(1);
  });
});

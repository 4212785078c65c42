import { MongoTopologyClosedError, type MongoClient } from 'mongodb';
import { MongoHandle } from '../../../services/common/mongo';

function clients(find: (made: number) => Promise<string>) {
  const state = { made: 0, closed: 0 };
  const create = (): MongoClient => {
    state.made += 1;
    const made = state.made;
    const collection = () => ({ find: () => find(made) });
    return { db: () => ({ collection }), close: async () => void (state.closed += 1) } as unknown as MongoClient;
  };
  return { state, handle: new MongoHandle<{ _id: string }>({ database: 'd', collection: 'c' }, create) };
}
const ask = (collection: any): Promise<string> => collection.find();

describe('MongoHandle', () => {
  test('a client that the driver has closed is replaced, and the error still told', async () => {
    const { state, handle } = clients(async (made) => {
      if (made === 1) throw new MongoTopologyClosedError('Topology is closed');
      return `answer of client ${made}`;
    });
    await expect(handle.use(ask)).rejects.toThrow('Topology is closed');
    expect(await handle.use(ask)).toBe('answer of client 2');
    expect(state).toEqual({ made: 2, closed: 1 });
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
});

import type { MongoClient } from 'mongodb';
import { openSide, type Side } from '../../../services/tools/copy-side';
import { FinalError } from '../../../services/tools/final-error';

const SOURCE: Side = { name: 'source', place: 'mongodb:27017', secret: 'from-mongodb-password-admin' };
const TARGET: Side = { name: 'target', place: 'cluster0.ab1cd.mongodb.net', secret: 'mongodb-uri-admin' };
const NAMES = { database: 'metals', collection: 'prices' };

const coded = (code: number, message: string) => Object.assign(new Error(message), { code });

function client({ hello = async () => ({}) as object, collections = [{ name: 'prices' }] } = {}): MongoClient {
  const database = {
    command: hello,
    listCollections: () => ({ toArray: async () => collections }),
    collection: (name: string) => ({ name }),
  };
  return { db: () => database } as unknown as MongoClient;
}

/** The texts of MongoDB 8.0, of Atlas and of the driver. */
test.each<[string, Side, object, string]>([
  [
    'the source refuses the login',
    SOURCE,
    { hello: () => Promise.reject(coded(18, 'Authentication failed.')) },
    'the source mongodb:27017 refuses the login: user or password in the secret from-mongodb-password-admin is another one',
  ],
  [
    'Atlas refuses the login',
    TARGET,
    { hello: () => Promise.reject(coded(8000, 'bad auth : Authentication failed')) },
    'the target cluster0.ab1cd.mongodb.net refuses the login: user or password in the secret mongodb-uri-admin is another one',
  ],
  [
    'Atlas refuses the question',
    TARGET,
    { hello: () => Promise.reject(coded(8000, 'user is not allowed to do action [find] on [metals.prices]')) },
    'the user of the secret mongodb-uri-admin may not read and insert in the target cluster0.ab1cd.mongodb.net: give it readWrite',
  ],
  [
    'the source is away',
    SOURCE,
    {
      hello: () =>
        Promise.reject(Object.assign(new Error('connect ECONNREFUSED'), { name: 'MongoServerSelectionError' })),
    },
    'the source mongodb:27017 cannot be reached: connect ECONNREFUSED; see whether it runs',
  ],
  [
    'the target has no collection',
    TARGET,
    { collections: [] },
    'the target cluster0.ab1cd.mongodb.net lacks metals.prices: its setup job makes it, with its indexes, and must have run',
  ],
  [
    'the source has no collection',
    SOURCE,
    { collections: [] },
    'the source mongodb:27017 lacks metals.prices: another database or collection is named in the configuration of --from',
  ],
])('%s', async (_, side, over, message) => {
  const opening = openSide(side, client(over), NAMES);
  await expect(opening).rejects.toThrow(message);
  await expect(opening).rejects.toBeInstanceOf(FinalError);
});

test("the moment is the server's", async () => {
  const localTime = new Date('2026-03-01T12:00:00Z');
  const { openedAt, collection } = await openSide(SOURCE, client({ hello: async () => ({ localTime }) }), NAMES);
  expect(openedAt).toEqual(localTime);
  expect(collection).toEqual({ name: 'prices' });
});

test('of a server that tells none, it is ours', async () => {
  const before = Date.now();
  const { openedAt } = await openSide(SOURCE, client(), NAMES);
  expect(openedAt.getTime()).toBeGreaterThanOrEqual(before);
});

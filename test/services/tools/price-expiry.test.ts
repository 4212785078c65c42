import type { Db, Document } from 'mongodb';
import { createLogger } from '../../../services/common/log';
import { planExpiry, setUpExpiry } from '../../../services/tools/price-expiry';

const DAY = 86_400;
const logger = createLogger('test', '0', 'silent');

/** The indexes of one collection, and the commands that MongoDB has for them. */
function database(...indexes: Document[]) {
  const calls: string[] = [];
  const called = (name: string) => calls.push(name);
  const collection = {
    listIndexes: () => ({ toArray: async () => [{ name: '_id_', key: { _id: 1 } }, ...indexes] }),
    createIndex: async (key: Document, options: Document) => {
      called('createIndex');
      indexes.push({ key, ...options });
    },
    dropIndex: async (name: string) => {
      called('dropIndex');
      indexes.splice(
        indexes.findIndex((index) => index.name === name),
        1,
      );
    },
  };
  const command = async ({ collMod, index }: Document) => {
    called(`collMod ${collMod}`);
    const found = indexes.find(({ name }) => name === index.name);
    if (found === undefined) throw new Error(`cannot find index ${index.name}`);
    found.expireAfterSeconds = index.expireAfterSeconds;
  };
  return { db: { collection: () => collection, command } as unknown as Db, indexes, calls };
}

const timestamp = { name: 'timestamp', key: { timestamp: 1 } };
const expiry = (days: number) => ({ name: 'expiry', key: { ingested_at: 1 }, expireAfterSeconds: days * DAY });

test.each([
  ['is made', [timestamp], 90, [timestamp, expiry(90)], ['createIndex']],
  ['is changed in place', [timestamp, expiry(90)], 30, [timestamp, expiry(30)], ['collMod prices']],
  ['goes when prices are to be kept', [timestamp, expiry(90)], 0, [timestamp], ['dropIndex']],
  ['stays as it is', [timestamp, expiry(90)], 90, [timestamp, expiry(90)], []],
  ['is not there unless it is asked for', [timestamp], 0, [timestamp], []],
])('the index that deletes %s', async (_what, before, days, after, calls) => {
  const mongo = database(...before.map((index) => ({ ...index })));
  await setUpExpiry(mongo.db, 'prices', days, logger);
  expect(mongo.indexes).toEqual(after);
  expect(mongo.calls).toEqual(calls);
  await setUpExpiry(mongo.db, 'prices', days, logger);
  expect(mongo.calls).toEqual(calls);
});

test('an index of that name with other keys is neither dropped nor changed', () => {
  expect(() => planExpiry([{ ...expiry(90), key: { timestamp: 1 } }], 0)).toThrow(
    'index expiry has the keys {"timestamp":1}, expected {"ingested_at":1}; drop it first',
  );
});

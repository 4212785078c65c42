import { BSON, Double, type MongoClient } from 'mongodb';
import { runCopy } from '../../../services/tools/run-copy';
import { collectionOf } from './fake-documents';
import { files, printed, tools } from './verb-files';

const URI = 'mongodb://metals:word@';
const both = (from: string, to: string) =>
  files({
    ...{ 'config.yml': tools({ mongodb: { external: {} } }), 'mongodb-uri-admin': `${URI}${to}` },
    ...{ 'from.yml': tools({ mongodb: { external: {} } }), 'from-mongodb-uri-admin': `${URI}${from}` },
  })('config', 'from');
const noClient = (): never => {
  throw new Error('it connects');
};
const ask = (argv: string[], create: (...given: any[]) => MongoClient = noClient) =>
  printed((write) => runCopy(argv, write, create));

test.each<[string | undefined, string]>([
  [undefined, 'the request is not JSON: ""'],
  ['{"after":', 'the request is not JSON: "{\\"after\\":"'],
  [
    '{"after":1,"since":"today"}',
    'after: Invalid input: expected string, received number; since: Invalid ISO datetime',
  ],
  ['{"befor":"x"}', 'request: Unrecognized key: "befor"'],
])('a request that is none: %s', async (text, error) => {
  expect(await ask(text === undefined ? [] : [text])).toEqual({ code: 1, error });
});

test('a mistake is told with the file, and never with a secret', async () => {
  const wrong = both('a.example.com/?tls=false', 'b.example.com');
  const { code, error } = await ask(['{}', ...wrong]);
  expect(code).toBe(1);
  expect(error).toMatch(
    /from\.yml: invalid configuration, 1 problem\(s\):\n {2}- from-mongodb-uri-admin: it says tls=false/,
  );
  expect(error).not.toContain('word');
});

test.each([
  ['in another order', 'a.example.com:27017,B.example.com/?replicaSet=rs0', 'b.example.com,a.example.com'],
  ['by a name for all', 'a.example.com', 'a.example.com/other'],
])('one and the same MongoDB is not asked at all: %s', async (_, from, to) => {
  expect(await ask(['{"after":"id-1"}', ...both(from, to)])).toEqual({
    ...{ code: 0, done: true, same: true, after: 'id-1', looked: 0, copied: 0, present: 0, replaced: 0 },
    begun: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test('another collection of one server is copied to', async () => {
  const flags = files({
    ...{
      'config.yml': tools({ mongodb: { host: 'mongodb:27017', collection: 'new' } }),
      'mongodb-password-admin': 'a',
    },
    ...{ 'from.yml': tools({}), 'from-mongodb-password-admin': 'b' },
  })('config', 'from');
  expect(await ask(['{}', ...flags])).toEqual({ code: 1, error: 'it connects' });
});

test('from an own one to an external one, each by its login', async () => {
  const flags = files({
    ...{ 'config.yml': tools({ mongodb: { external: {} } }), 'mongodb-uri-admin': `${URI}a.example.com` },
    ...{ 'from.yml': tools({}), 'from-mongodb-password-admin': 'secret' },
  })('config', 'from');
  const sides = { from: collectionOf([{ _id: 'id-1', price: new Double(1) }]), to: collectionOf([]) };
  const used: string[] = [];
  const create = ({ external, username }: any, secret: string): MongoClient => {
    const name = external ? 'to' : 'from';
    used.push(`${name} ${username} ${secret}`);
    const database = {
      command: async () => ({ localTime: new Date('2026-03-01T12:00:00Z') }),
      listCollections: () => ({ toArray: async () => [{}] }),
      collection: () => sides[name].collection,
    };
    return { db: () => database, close: async () => void used.push(`${name} closed`) } as unknown as MongoClient;
  };
  expect(await ask(['{"since":"2026-03-01T12:00:00Z","after":null}', ...flags], create)).toMatchObject({ looked: 0 });
  expect(await ask(['{}', ...flags], create)).toEqual({
    ...{
      code: 0,
      done: true,
      after: 'id-1',
      looked: 1,
      copied: 1,
      present: 0,
      replaced: 0,
      begun: '2026-03-01T12:00:00.000Z',
    },
  });
  expect(used.slice(4)).toEqual([...['from admin secret', `to admin ${URI}a.example.com`, 'from closed', 'to closed']]);
  expect(BSON.deserialize(sides.to.stored.get('id-1')!, { promoteValues: false }).price).toEqual(new Double(1));
});

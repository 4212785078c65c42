import type { MongoClient } from 'mongodb';
import { createLogger } from '../../../services/common/log';
import { toolsConfigSchema } from '../../../services/tools/config';
import { FinalError } from '../../../services/tools/final-error';
import { missingActions, refusal, setUpExternalMongo } from '../../../services/tools/setup-external-mongodb';

const topic = (name: string) => ({ name, partitions: 1, retention_hours: 1, max_message_bytes: 2_048 });
const config = toolsConfigSchema.parse({
  kafka: { brokers: ['kafka:9092'] },
  mongodb: { external: {} },
  prices: topic('prices'),
  dead_letters: topic('letters'),
  kafka_disk_bytes: 2 ** 30,
});

const coded = (code: number, message: string) => Object.assign(new Error(message), { code });
const READ_WRITE = [{ resource: { db: 'metals', collection: '' }, actions: ['find', 'insert', 'update', 'remove'] }];

/** A server; what is changed is written down. */
function server({ createIndexes = async () => [] as unknown, privileges = READ_WRITE as unknown } = {}) {
  const done: string[] = [];
  const collection = {
    listIndexes: () => ({ toArray: async () => [{ name: '_id_', key: { _id: 1 } }] }),
    createIndexes: async (indexes: { name: string }[]) => {
      done.push(`indexes ${indexes.map(({ name }) => name)}`);
      return createIndexes();
    },
    findOne: async () => null,
  };
  const command = async (request: Record<string, unknown>) => {
    if (request.buildInfo) return { version: '8.0.4' };
    if (request.connectionStatus) return { authInfo: { authenticatedUserPrivileges: privileges } };
    done.push(Object.keys(request)[0]!);
    return {};
  };
  const database = {
    command,
    listCollections: () => ({ toArray: async () => [{}] }),
    collection: () => collection,
  };
  return { done, client: { db: () => database } as unknown as MongoClient };
}

const setUp = (admin: MongoClient, processor: MongoClient) =>
  setUpExternalMongo(admin, processor, config, createLogger('test', '0', 'silent'));

test('makes the indexes that are missing, and neither users nor roles', async () => {
  const { done, client } = server();
  await setUp(client, client);
  expect(done).toEqual(['indexes timestamp,metal_timestamp']);
});

test('a user that may not make indexes is told with the role that it takes', async () => {
  const { client } = server({
    createIndexes: () => Promise.reject(coded(13, 'not authorized on metals to execute command { createIndexes: …')),
  });
  await expect(setUp(client, client)).rejects.toThrow(
    'the user of the URI in the secret mongodb-uri may not see and create indexes on metals.prices: give it readWrite',
  );
});

test("a processor's user that may not write is told before any event comes", async () => {
  const { client } = server({ privileges: [{ resource: { db: 'metals', collection: 'prices' }, actions: ['find'] }] });
  await expect(setUp(server().client, client)).rejects.toThrow(
    "the processor's user may not insert and update on metals.prices: give it readWrite on metals",
  );
});

describe('rights', () => {
  test.each<[string, unknown, string[]]>([
    [
      'of another database',
      [{ ...READ_WRITE[0], resource: { db: 'other', collection: '' } }],
      ['find', 'insert', 'update'],
    ],
    ['of every database', [{ ...READ_WRITE[0], resource: { db: '', collection: '' } }], []],
    ['of everything', [{ resource: { anyResource: true }, actions: ['anyAction'] }], []],
    ['that a server does not tell', undefined, []],
    ['of which it tells none', [], []],
  ])('%s', (_, privileges, expected) => {
    expect(missingActions(privileges, 'metals', 'prices')).toEqual(expected);
  });
});

/** The texts of MongoDB 8.0, of Atlas and of Amazon DocumentDB. */
describe('refusals', () => {
  const REFUSED = /^MongoDB refuses the login: user or password in the URI of the secret mongodb-uri is another one/;
  test.each<[number, string, RegExp]>([
    [18, 'Authentication failed.', REFUSED],
    [8000, 'bad auth : Authentication failed', REFUSED],
    [8000, 'user is not allowed to do action [createIndex] on [metals.prices]', /may not create: give it readWrite/],
    [13, 'Authorization failure', /may not create: give it readWrite/],
  ])('%d %s', (code, text, expected) => {
    expect(refusal(coded(code, text), 'create')).toBeInstanceOf(FinalError);
    expect(refusal(coded(code, text), 'create')?.message).toMatch(expected);
  });

  test('an error of another kind stays what it is', () => {
    expect(refusal(coded(11_600, 'interrupted at shutdown'), 'create')).toBeUndefined();
    expect(refusal(new Error('connection closed'), 'create')).toBeUndefined();
  });
});

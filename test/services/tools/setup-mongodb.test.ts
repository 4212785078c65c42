import type { MongoClient } from 'mongodb';
import { createLogger } from '../../../services/common/log';
import type { ToolsConfig } from '../../../services/tools/config';
import { detectServer, missingIndexes, setUpMongo, writerRole } from '../../../services/tools/setup-mongodb';

describe('detectServer', () => {
  test('the stand-in has no roles, deletes nothing by age, and says what it is', () => {
    expect(detectServer({ version: '7.0.42', ferretdbVersion: 'v1.24.2' })).toEqual({
      name: 'FerretDB v1.24.2',
      hasRoles: false,
      hasExpiry: false,
    });
  });
  test('MongoDB has both', () => {
    expect(detectServer({ version: '8.0.4' })).toEqual({ name: 'MongoDB 8.0.4', hasRoles: true, hasExpiry: true });
  });
});

test('the processor may look up, add and correct prices and ask how full the disk is, and nothing else', () => {
  const config = { mongodb: { database: 'metals', collection: 'prices' } } as ToolsConfig;
  expect(writerRole(config)).toEqual({
    privileges: [
      { resource: { db: 'metals', collection: 'prices' }, actions: ['find', 'insert', 'update'] },
      { resource: { db: 'metals', collection: '' }, actions: ['dbStats'] },
    ],
    roles: [],
  });
});

describe('missingIndexes', () => {
  const timestamp = { name: 'timestamp', key: { timestamp: 1 } };
  const metal = { name: 'metal_timestamp', key: { metal: 1, timestamp: -1 } };

  test('an index of the same name with other keys is refused', () => {
    expect(() => missingIndexes([{ name: 'timestamp', key: { timestamp: -1 } }])).toThrow(
      'index timestamp has the keys {"timestamp":-1}, expected {"timestamp":1}; drop it first',
    );
  });
  test('the order of the keys matters', () => {
    expect(() => missingIndexes([{ ...metal, key: { timestamp: -1, metal: 1 } }])).toThrow('metal_timestamp');
  });
  test('names what is not there yet', () => {
    expect(missingIndexes([])).toEqual([timestamp, metal]);
    expect(missingIndexes([{ name: '_id_', key: { _id: 1 } }, timestamp])).toEqual([metal]);
    expect(missingIndexes([timestamp, metal])).toEqual([]);
  });
});

describe('users', () => {
  const config = {
    mongodb: { database: 'metals', collection: 'prices' },
    price_retention_days: 0,
  } as ToolsConfig;

  /** A stand-in's users; what is done with them is written down. */
  async function setUp(retireOthers: boolean): Promise<string[]> {
    const done: string[] = [];
    const users = ['admin', 'processor-1'].map((user) => ({ user }));
    const command = async (request: Record<string, any>) => {
      const [name, value] = Object.entries(request)[0]!;
      if (name === 'buildInfo') return { version: '7', ferretdbVersion: 'v1' };
      if (name === 'usersInfo') return { users: users.filter(({ user }) => value === 1 || user === value) };
      done.push(`${name} ${value}`);
      return {};
    };
    const indexed = { listIndexes: () => ({ toArray: async () => [] }), createIndexes: async () => [] };
    const database = { command, listCollections: () => ({ toArray: async () => [] }), collection: () => indexed };
    await setUpMongo(
      { db: () => database } as unknown as MongoClient,
      config,
      { name: 'processor-2', password: 'p', retireOthers },
      createLogger('test', '0', 'silent'),
    );
    return done;
  }

  test('of the version before stay as long as a task may log in as one of them', async () => {
    expect(await setUp(false)).toEqual(['createUser processor-2']);
  });
  test('of the version before go in the end, and the administrator never', async () => {
    expect(await setUp(true)).toEqual(['createUser processor-2', 'dropUser processor-1']);
  });
});

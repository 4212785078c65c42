import type { Db, Document, MongoClient } from 'mongodb';
import type { Logger } from '../common/log';
import type { ToolsConfig } from './config';
import { setUpExpiry } from './price-expiry';
import { ADMIN } from './users';

export const WRITER_ROLE = 'priceWriter';
export const INDEXES: readonly { readonly name: string; readonly key: Record<string, 1 | -1> }[] = [
  { name: 'timestamp', key: { timestamp: 1 } },
  { name: 'metal_timestamp', key: { metal: 1, timestamp: -1 } },
];

export interface ServerKind {
  readonly name: string;
  /** False on the stand-in, which knows users but no roles. */
  readonly hasRoles: boolean;
  /** False on the stand-in: FerretDB 1.24 refuses expireAfterSeconds and collMod as not implemented. */
  readonly hasExpiry: boolean;
}

export function detectServer(buildInfo: Document): ServerKind {
  if (typeof buildInfo.ferretdbVersion === 'string') {
    return { name: `FerretDB ${buildInfo.ferretdbVersion}`, hasRoles: false, hasExpiry: false };
  }
  return { name: `MongoDB ${buildInfo.version}`, hasRoles: true, hasExpiry: true };
}

/**
 * What the processor may do: add prices, look up their ids, correct the change of one that was stored beside an event that
 * was refused, and ask how full the disk is. It can delete none.
 */
export function writerRole(config: ToolsConfig): Document {
  const { database, collection } = config.mongodb;
  return {
    privileges: [
      { resource: { db: database, collection }, actions: ['find', 'insert', 'update'] },
      { resource: { db: database, collection: '' }, actions: ['dbStats'] },
    ],
    roles: [],
  };
}

/** Brings users and indexes to what is planned; a second run changes nothing. */
export async function setUpMongo(
  client: MongoClient,
  config: ToolsConfig,
  processor: { readonly name: string; readonly password: string; readonly retireOthers: boolean },
  logger: Logger,
): Promise<void> {
  const admin = client.db('admin');
  const server = detectServer(await admin.command({ buildInfo: 1 }));
  if (!server.hasRoles) {
    logger.warn({ server: server.name }, 'stand-in for MongoDB: it has no roles, so every user may do everything');
  }
  if (server.hasRoles) await upsert(admin, 'Role', WRITER_ROLE, writerRole(config));
  const roles = server.hasRoles ? [{ role: WRITER_ROLE, db: 'admin' }] : [];
  const { name: user } = processor;
  const done = await upsert(admin, 'User', user, { pwd: processor.password, roles });
  logger.info({ server: server.name, user, done, roles }, 'user is set');
  if (processor.retireOthers) await removeUsers(admin, [ADMIN, user], logger);

  const created = await createMissingIndexes(client.db(config.mongodb.database), config.mongodb.collection);
  logger.info({ indexes: INDEXES.map(({ name }) => name), created }, 'indexes are there');
  const retentionDays = config.price_retention_days;
  if (server.hasExpiry) {
    await setUpExpiry(client.db(config.mongodb.database), config.mongodb.collection, retentionDays, logger);
  } else if (retentionDays > 0) {
    logger.warn(
      { server: server.name, retention_days: retentionDays },
      'stand-in for MongoDB: it deletes no price by age',
    );
  }
}

async function removeUsers(admin: Db, kept: readonly string[], logger: Logger): Promise<void> {
  const { users } = await admin.command({ usersInfo: 1 });
  const others = (users as { readonly user: string }[]).map(({ user }) => user).filter((user) => !kept.includes(user));
  for (const other of others) await admin.command({ dropUser: other });
  if (others.length > 0) logger.info({ users: others }, 'former users are removed');
}

/** Asks first: the stand-in fails when an index that is there is created again. Returns the names of the new ones. */
export async function createMissingIndexes(database: Db, collection: string): Promise<string[]> {
  const [exists] = await database.listCollections({ name: collection }, { nameOnly: true }).toArray();
  const present = exists === undefined ? [] : await database.collection(collection).listIndexes().toArray();
  const missing = missingIndexes(present);
  return missing.length > 0 ? database.collection(collection).createIndexes([...missing]) : [];
}

/** What is still to be created; an index of the same name with other keys is an error, for it serves other queries. */
export function missingIndexes(present: readonly Document[]): typeof INDEXES {
  return INDEXES.filter(({ name, key }) => {
    const found = present.find((index) => index.name === name);
    if (found === undefined) return true;
    const [wanted, actual] = [JSON.stringify(key), JSON.stringify(found.key)];
    if (wanted !== actual) throw new Error(`index ${name} has the keys ${actual}, expected ${wanted}; drop it first`);
    return false;
  });
}

/** Creates a user or a role of `admin`, or updates it if it is there. */
async function upsert(admin: Db, kind: 'User' | 'Role', name: string, body: Document): Promise<'created' | 'updated'> {
  const query = kind === 'User' ? { usersInfo: name } : { rolesInfo: name };
  const found = await admin.command(query);
  const exists = (found[kind === 'User' ? 'users' : 'roles'] as unknown[]).length > 0;
  // The first key of a command is its name.
  await admin.command({ [`${exists ? 'update' : 'create'}${kind}`]: name, ...body });
  return exists ? 'updated' : 'created';
}

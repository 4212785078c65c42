import type { Db, Document, MongoClient } from 'mongodb';
import type { Logger } from '../common/log';
import type { ToolsConfig } from './config';

const PROCESSOR = 'processor';
const WRITER_ROLE = 'priceWriter';

export interface ServerKind {
  readonly name: string;
  /** False on the stand-in, which knows users but no roles. */
  readonly hasRoles: boolean;
}

export function detectServer(buildInfo: Document): ServerKind {
  if (typeof buildInfo.ferretdbVersion === 'string') {
    return { name: `FerretDB ${buildInfo.ferretdbVersion}`, hasRoles: false };
  }
  return { name: `MongoDB ${buildInfo.version}`, hasRoles: true };
}

/** What the processor may do: add prices and look up their ids. It can neither change nor delete one. */
export function writerRole(config: ToolsConfig): Document {
  const { database, collection } = config.mongodb;
  return {
    privileges: [{ resource: { db: database, collection }, actions: ['find', 'insert'] }],
    roles: [],
  };
}

/** Brings users and indexes to what is planned; a second run changes nothing. */
export async function setUpMongo(
  client: MongoClient,
  config: ToolsConfig,
  processorPassword: string,
  logger: Logger,
): Promise<void> {
  const admin = client.db('admin');
  const server = detectServer(await admin.command({ buildInfo: 1 }));
  if (!server.hasRoles) {
    logger.warn({ server: server.name }, 'stand-in for MongoDB: it has no roles, so every user may do everything');
  }
  if (server.hasRoles) await upsert(admin, 'Role', WRITER_ROLE, writerRole(config));
  const roles = server.hasRoles ? [{ role: WRITER_ROLE, db: 'admin' }] : [];
  const done = await upsert(admin, 'User', PROCESSOR, { pwd: processorPassword, roles });
  logger.info({ server: server.name, user: PROCESSOR, done, roles }, 'user is set');

  const prices = client.db(config.mongodb.database).collection(config.mongodb.collection);
  const indexes = await prices.createIndexes([
    { key: { timestamp: 1 }, name: 'timestamp' },
    { key: { metal: 1, timestamp: -1 }, name: 'metal_timestamp' },
  ]);
  logger.info({ indexes }, 'indexes are there');
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

/** Indexes in a MongoDB of somebody else, whose users and roles are theirs. */
import type { Document, MongoClient } from 'mongodb';
import { errorText, type Logger } from '../common/log';
import type { ToolsConfig } from './config';
import { FinalError } from './final-error';
import { setUpExpiry } from './price-expiry';
import { createMissingIndexes, detectServer, INDEXES } from './setup-mongodb';

/** What the processor does to the collection of prices. */
const ACTIONS = ['find', 'insert', 'update'] as const;

/** Codes of MongoDB, and of Atlas, which has one for all that its proxy refuses. */
const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;
const ATLAS = 8000;

/** @throws FinalError for what the owner of the database has to do */
export async function setUpExternalMongo(
  admin: MongoClient,
  processor: MongoClient,
  config: ToolsConfig,
  logger: Logger,
): Promise<void> {
  const { database: name, collection } = config.mongodb;
  const where = `${name}.${collection}`;
  const database = admin.db(name);
  const server = detectServer(await orTell(`log in`, () => database.command({ buildInfo: 1 })));
  const created = await orTell(`see and create indexes on ${where}`, () => createMissingIndexes(database, collection));
  logger.info({ server: server.name, indexes: INDEXES.map((index) => index.name), created }, 'indexes are there');
  const retentionDays = config.price_retention_days;
  if (server.hasExpiry)
    await orTell(`set the age at which prices of ${where} are deleted`, () =>
      setUpExpiry(database, collection, retentionDays, logger),
    );
  else if (retentionDays > 0)
    logger.warn({ server: server.name, retention_days: retentionDays }, 'this server deletes no price by age');
  await requireRights(processor, name, collection);
  logger.info({ collection: where }, 'the processor may use the collection');
}

/** Asked of the server, where it tells rights: to write would leave a document that nobody sent. */
async function requireRights(processor: MongoClient, name: string, collection: string): Promise<void> {
  const where = `${name}.${collection}`;
  const database = processor.db(name);
  await orTell(`read ${where}`, () => database.collection(collection).findOne({}, { projection: { _id: 1 } }));
  // A server that does not know this question is not asked further.
  const status = await database.command({ connectionStatus: 1, showPrivileges: true }).catch(() => undefined);
  const missing = missingActions(status?.authInfo?.authenticatedUserPrivileges, name, collection);
  if (missing.length > 0)
    throw new FinalError(
      `the processor's user may not ${missing.join(' and ')} on ${where}: give it readWrite on ${name}`,
    );
}

/** Of what the processor does, what its user may not; nothing where the server tells no rights. */
export function missingActions(privileges: unknown, name: string, collection: string): string[] {
  if (!Array.isArray(privileges) || privileges.length === 0) return [];
  const applies = ({ anyResource, db, collection: on }: Document): boolean =>
    anyResource === true || ((db === name || db === '') && (on === collection || on === ''));
  const allowed = new Set(
    (privileges as Document[])
      .filter(({ resource }) => applies(resource as Document))
      .flatMap(({ actions }) => actions as string[]),
  );
  return ACTIONS.filter((action) => !allowed.has(action) && !allowed.has('anyAction'));
}

async function orTell<T>(what: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw refusal(error, what) ?? error;
  }
}

/** What a server's refusal means for whoever set this up; undefined: it is another error. */
export function refusal(error: unknown, what: string): FinalError | undefined {
  const { code } = error as { readonly code?: unknown };
  const text = errorText(error).slice(0, 200);
  if (
    code === AUTHENTICATION_FAILED ||
    (code === ATLAS && /auth/i.test(text) && !/not allowed|not authorized/i.test(text))
  )
    return new FinalError(
      `MongoDB refuses the login: user or password in the URI of the secret mongodb-uri is another one than the database's (${text})`,
    );
  if (code === UNAUTHORIZED || code === ATLAS)
    return new FinalError(`the user of the URI in the secret mongodb-uri may not ${what}: give it readWrite (${text})`);
  return undefined;
}

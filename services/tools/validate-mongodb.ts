/** Indexes, users and rights, as the setup job plans them. Nothing is changed. */
import type { Document, MongoClient } from 'mongodb';
import { errorText } from '../common/log';
import { equals, sameSet, type Check } from './check';
import type { ToolsConfig } from './config';
import { EXPIRY_INDEX, planExpiry } from './price-expiry';
import { detectServer, INDEXES, writerRole, WRITER_ROLE } from './setup-mongodb';
import { ADMIN, type Users } from './users';

const DAY_SECONDS = 86_400;

export async function validateMongo(client: MongoClient, config: ToolsConfig, users: Users): Promise<Check[]> {
  const { database: name, collection } = config.mongodb;
  const database = client.db(name);
  const server = detectServer(await database.command({ buildInfo: 1 }));
  const present = await database.collection(collection).listIndexes().toArray();
  const checks = [
    ...INDEXES.map((index) => equals(`index ${index.name}`, JSON.stringify(index.key), keyOf(present, index.name))),
    ...(server.hasExpiry ? [ofExpiry(present, config.price_retention_days)] : []),
    ofOtherIndexes(present),
  ];
  if (config.mongodb.external !== undefined) return checks;
  return [...checks, ...(await ofUsers(client, config, users, server.hasRoles))];
}

const keyOf = (present: readonly Document[], name: string): string => {
  const found = present.find((index) => index.name === name);
  return found === undefined ? 'is missing' : JSON.stringify(found.key);
};

function ofExpiry(present: readonly Document[], days: number): Check {
  const expected = days === 0 ? 'prices are kept for ever' : `prices are deleted after ${days * DAY_SECONDS} s`;
  const found = present.find((index) => index.name === EXPIRY_INDEX.name);
  const is =
    found === undefined ? 'prices are kept for ever' : `prices are deleted after ${found.expireAfterSeconds} s`;
  try {
    return { subject: 'age of prices', expected, actual: is, ok: planExpiry(present, days).kind === 'none' };
  } catch (error) {
    return { subject: 'age of prices', expected, actual: errorText(error), ok: false };
  }
}

/** One that is unique refuses events, and one with an age deletes prices. */
function ofOtherIndexes(present: readonly Document[]): Check {
  const known = ['_id_', EXPIRY_INDEX.name, ...INDEXES.map(({ name }) => name)];
  const harmful = present.filter(
    ({ name, unique, expireAfterSeconds }) =>
      !known.includes(name as string) && (unique === true || expireAfterSeconds !== undefined),
  );
  return sameSet(
    'other indexes that refuse or delete prices',
    [],
    harmful.map(({ name }) => name as string),
  );
}

async function ofUsers(client: MongoClient, config: ToolsConfig, users: Users, hasRoles: boolean): Promise<Check[]> {
  const admin = client.db('admin');
  const { users: all } = (await admin.command({ usersInfo: 1 })) as { users: { user: string; roles?: Document[] }[] };
  const names = all.map(({ user }) => user);
  const wanted = [ADMIN, users.mongodbProcessor];
  // While one password replaces another, users of both are let in.
  const counted = users.retireOthers
    ? names
    : names.filter((name) => wanted.includes(name) || !/^processor-/.test(name));
  const checks = [sameSet('users of MongoDB', wanted, counted)];
  if (!hasRoles) return checks;
  const roles = all.find(({ user }) => user === users.mongodbProcessor)?.roles ?? [];
  const { roles: found } = await admin.command({ rolesInfo: WRITER_ROLE, showPrivileges: true });
  return [
    ...checks,
    sameSet(
      `roles of ${users.mongodbProcessor}`,
      [WRITER_ROLE],
      roles.map(({ role }) => role as string),
    ),
    sameSet(`rights of the role ${WRITER_ROLE}`, privileges(writerRole(config)), privileges(found[0] ?? {})),
  ];
}

/** `find on metals.prices` */
const privileges = ({ privileges: all = [] }: Document): string[] =>
  (all as { resource: { db: string; collection: string }; actions: string[] }[]).flatMap(({ resource, actions }) =>
    actions.map((action) => `${action} on ${resource.db}.${resource.collection || '*'}`),
  );

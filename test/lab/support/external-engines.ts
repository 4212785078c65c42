/** Kafka and MongoDB of somebody else, as docs/growing.md has them: with certificates, users and rights of their own. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ExternalSecretId } from '../../../lib/contract';
import { createAuthority } from '../../services/common/tls-server';
import { removeExternals } from './external-container';
import { KAFKA_HOST, KAFKA_PORT, startKafka, type ExternalKafka } from './external-kafka';
import { MONGODB_HOST, MONGODB_PORT, startMongo, uriOf, type ExternalMongo } from './external-mongodb';
import { ALL_RIGHTS, RIGHTS, setRights } from './external-rights';
import type { Settings } from './run';
import { putSecret, removeSecret } from './secrets';
import type { Login } from './users';

/** A user for each principal, and later one for all. */
const PRINCIPALS = ['admin', 'producer', 'processor'] as const;
type User = (typeof PRINCIPALS)[number] | 'second';
const USERS: readonly User[] = [...PRINCIPALS, 'second'];

/** What the secrets hold. */
export type Logins = Readonly<Record<ExternalSecretId, string>>;

export interface ExternalEngines {
  readonly kafka: ExternalKafka;
  readonly mongodb: ExternalMongo;
  /** With these a deployment uses them. */
  readonly settings: Settings;
  /** File of an authority that has signed nothing here. */
  readonly otherCa: string;
  /** One for each principal. */
  readonly first: Logins;
  /** One for all. */
  readonly second: Logins;
  /** Whom a principal logs in as, or all of them by the second login. */
  login(user: User): Login;
  /** Gives every user its rights back. */
  grant(): Promise<void>;
  /** By a name for messages. */
  readonly passwords: ReadonlyMap<string, string>;
}

/** Starts both. Each user may do what docs/growing.md says that it needs, and no more. */
export async function startExternalEngines(): Promise<ExternalEngines> {
  const authority = createAuthority();
  const newPassword = (): string => randomBytes(16).toString('hex');
  const logins = new Map(USERS.map((user) => [user, { username: `external-${user}`, password: newPassword() }]));
  const login = (user: User): Login => logins.get(user)!;
  const [users, operatorPassword] = [[...logins.values()], newPassword()];
  const [kafka, mongodb] = await Promise.all([
    startKafka(authority.sign(`DNS:${KAFKA_HOST}`), readFileSync(authority.caFile), users, operatorPassword),
    startMongo(authority.sign(`DNS:${MONGODB_HOST}`), authority.caFile, users, operatorPassword),
  ]);
  const grant = async (): Promise<void> => {
    for (const principal of PRINCIPALS) await setRights(kafka.kafka, login(principal).username, RIGHTS[principal]);
    await setRights(kafka.kafka, login('second').username, ALL_RIGHTS);
  };
  await grant();
  return {
    ...{ kafka, mongodb, login, grant },
    settings: {
      kafkaBootstrap: `${KAFKA_HOST}:${KAFKA_PORT}`,
      kafkaCidrs: `${kafka.address}/32`,
      kafkaCa: authority.caFile,
      mongodbUri: 'secret',
      mongodbCidrs: `${mongodb.address}/32`,
      mongodbPort: MONGODB_PORT,
      mongodbCa: authority.caFile,
    },
    otherCa: createAuthority().caFile,
    first: {
      'kafka-login': JSON.stringify(Object.fromEntries(PRINCIPALS.map((principal) => [principal, login(principal)]))),
      'mongodb-uri': JSON.stringify({ admin: uriOf(login('admin')), processor: uriOf(login('processor')) }),
    },
    second: { 'kafka-login': JSON.stringify(login('second')), 'mongodb-uri': uriOf(login('second')) },
    passwords: new Map([
      ...[...logins].map(([user, { password }]) => [`password of ${user}`, password] as const),
      ['password of the operator', operatorPassword],
    ]),
  };
}

export async function putLogins(logins: Logins): Promise<void> {
  for (const id of ['kafka-login', 'mongodb-uri'] as const) await putSecret(id, logins[id]);
}

/** Engines, data and logins. */
export async function removeExternalEngines(): Promise<void> {
  await removeExternals();
  for (const id of ['kafka-login', 'mongodb-uri'] as const) await removeSecret(id);
}

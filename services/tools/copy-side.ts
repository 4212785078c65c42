/** The MongoDB that prices are copied from, and the one that they are copied to. */
import type { Collection, MongoClient } from 'mongodb';
import { errorText } from '../common/log';
import type { MongoConnection } from '../common/mongo';
import { FinalError } from './final-error';

export interface Side {
  readonly name: 'source' | 'target';
  /** Without user and password. */
  readonly place: string;
  /** How the secret is called that it is logged in to with. */
  readonly secret: string;
}

export interface OpenSide extends Side {
  readonly collection: Pick<Collection, 'find' | 'insertMany' | 'bulkWrite'>;
  /** By the server's clock, or by ours where it tells none. */
  readonly openedAt: Date;
}

/** Codes of MongoDB, and of Atlas, which has one for all that its proxy refuses. */
const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;
const ATLAS = 8000;

const LACKS = {
  source: 'another database or collection is named in the configuration of --from, or the secret leads elsewhere',
  target: 'its setup job makes it, with its indexes, and must have run before',
} as const;

/** @throws FinalError with the side that cannot be used, and why */
export async function openSide(
  side: Side,
  client: MongoClient,
  { database, collection }: Pick<MongoConnection, 'database' | 'collection'>,
): Promise<OpenSide> {
  try {
    const { localTime } = await client.db('admin').command({ hello: 1 });
    const openedAt = localTime instanceof Date ? localTime : new Date();
    const found = await client.db(database).listCollections({ name: collection }, { nameOnly: true }).toArray();
    if (found.length === 0)
      throw new FinalError(`the ${side.name} ${side.place} lacks ${database}.${collection}: ${LACKS[side.name]}`);
    return { ...side, collection: client.db(database).collection(collection), openedAt };
  } catch (error) {
    throw sideError(side, error);
  }
}

/** What failed, with the side that it failed on. */
export function sideError({ name, place, secret }: Side, error: unknown): FinalError {
  if (error instanceof FinalError) return error;
  const { code, name: kind } = error as { readonly code?: unknown; readonly name?: string };
  const text = errorText(error).slice(0, 300);
  const isRefusedByAtlas = code === ATLAS && /auth/i.test(text) && !/not allowed|not authorized/i.test(text);
  if (code === AUTHENTICATION_FAILED || isRefusedByAtlas)
    return new FinalError(
      `the ${name} ${place} refuses the login: user or password in the secret ${secret} is another one than its own (${text})`,
    );
  if (code === UNAUTHORIZED || code === ATLAS) {
    const [what, role] = name === 'source' ? ['read', 'read'] : ['read and insert in', 'readWrite'];
    return new FinalError(
      `the user of the secret ${secret} may not ${what} the ${name} ${place}: give it ${role} (${text})`,
    );
  }
  if (kind === 'MongoServerSelectionError')
    return new FinalError(
      `the ${name} ${place} cannot be reached: ${text}; see whether it runs, and whether a security group or an access ` +
        'list lets this node in',
    );
  return new FinalError(`the ${name} ${place} failed: ${text}; copy again, which leaves alone what is there`);
}

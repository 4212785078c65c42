import type { Collection, Db } from 'mongodb';
import { leastSkewMs } from '../common/clock';
import type { PriceDocument } from './record';

/** What one look at MongoDB tells. */
export interface MongoFacts {
  /** By how much our clock is ahead of MongoDB's, at the least. */
  readonly clockSkewMs: number;
  /** Of its file system, 0 to 1; undefined where the server does not tell, or not this user. */
  readonly diskUsedRatio: number | undefined;
}

/** Error 13: a role of the release before does not have this right yet. */
const UNAUTHORIZED = 13;

/** One cheap read that needs the login and the right to read, and two questions about the server. */
export async function probeMongo(collection: Collection<PriceDocument>, database: Db): Promise<MongoFacts> {
  // Any document: to look for one that is not there makes the stand-in read its whole collection.
  await collection.findOne({}, { projection: { _id: 1 } });
  const askedMs = Date.now();
  const startedMs = performance.now();
  const { localTime } = await database.command({ hello: 1 });
  const clockSkewMs =
    localTime instanceof Date ? leastSkewMs(localTime.getTime(), askedMs, performance.now() - startedMs) : 0;
  return { clockSkewMs, diskUsedRatio: await diskUsedRatio(database) };
}

/** The stand-in answers without these fields. */
async function diskUsedRatio(database: Db): Promise<number | undefined> {
  try {
    const { fsUsedSize, fsTotalSize } = await database.command({ dbStats: 1 });
    return Number(fsTotalSize) > 0 ? Number(fsUsedSize) / Number(fsTotalSize) : undefined;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === UNAUTHORIZED) return undefined;
    throw error;
  }
}

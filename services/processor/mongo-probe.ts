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
/**
 * A server that does not tell how full its disk is, such as the stand-in, is not asked again so soon: to answer at all,
 * the stand-in reads its whole database (docs/performance.md).
 */
const ASK_DISK_AGAIN_MS = 600_000;

type Probe = (collection: Collection<PriceDocument>, database: Db) => Promise<MongoFacts>;

/** One cheap read that needs the login and the right to read, and two questions about the server. */
export function createMongoProbe(nowMs = (): number => performance.now()): Probe {
  let askDiskFromMs = Number.NEGATIVE_INFINITY;
  return async (collection, database) => {
    // Any document: to look for one that is not there makes the stand-in read its whole collection.
    await collection.findOne({}, { projection: { _id: 1 } });
    const askedMs = Date.now();
    const startedMs = performance.now();
    const { localTime } = await database.command({ hello: 1 });
    const clockSkewMs =
      localTime instanceof Date ? leastSkewMs(localTime.getTime(), askedMs, performance.now() - startedMs) : 0;
    if (nowMs() < askDiskFromMs) return { clockSkewMs, diskUsedRatio: undefined };
    const diskUsedRatio = await askDisk(database);
    if (diskUsedRatio === undefined) askDiskFromMs = nowMs() + ASK_DISK_AGAIN_MS;
    return { clockSkewMs, diskUsedRatio };
  };
}

/** The stand-in answers without these fields. */
async function askDisk(database: Db): Promise<number | undefined> {
  try {
    const { fsUsedSize, fsTotalSize } = await database.command({ dbStats: 1 });
    return Number(fsTotalSize) > 0 ? Number(fsUsedSize) / Number(fsTotalSize) : undefined;
  } catch (error) {
    if ((error as { readonly code?: unknown }).code === UNAUTHORIZED) return undefined;
    throw error;
  }
}

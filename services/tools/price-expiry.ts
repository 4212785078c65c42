/** Deletes prices by age, if that is asked for: MongoDB does it, by an index on when a price was stored. */
import type { Db, Document } from 'mongodb';
import type { Logger } from '../common/log';

/**
 * The time of storing, not the time of the price: an old price, such as a dead letter that is replayed, would be deleted
 * the minute that it is stored.
 */
export const EXPIRY_INDEX = { name: 'expiry', key: { ingested_at: 1 } } as const;
const DAY_SECONDS = 86_400;

export type ExpiryChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'create' | 'change'; readonly seconds: number }
  | { readonly kind: 'drop' };

/**
 * Whatever has to be done to the indexes that are there.
 *
 * @param retentionDays 0 keeps prices for ever
 * @throws Error if another index has that name
 */
export function planExpiry(present: readonly Document[], retentionDays: number): ExpiryChange {
  const { name, key } = EXPIRY_INDEX;
  const found = present.find((index) => index.name === name);
  const [wanted, actual] = [JSON.stringify(key), JSON.stringify(found?.key)];
  if (found !== undefined && wanted !== actual) {
    throw new Error(`index ${name} has the keys ${actual}, expected ${wanted}; drop it first`);
  }
  if (retentionDays === 0) return { kind: found === undefined ? 'none' : 'drop' };
  const seconds = retentionDays * DAY_SECONDS;
  if (found === undefined) return { kind: 'create', seconds };
  return Number(found.expireAfterSeconds) === seconds ? { kind: 'none' } : { kind: 'change', seconds };
}

/** Brings the index to what is asked for; without it, nothing is ever deleted. A second run changes nothing. */
export async function setUpExpiry(
  database: Db,
  collection: string,
  retentionDays: number,
  logger: Logger,
): Promise<void> {
  const { name, key } = EXPIRY_INDEX;
  const change = planExpiry(await database.collection(collection).listIndexes().toArray(), retentionDays);
  if (change.kind === 'create') {
    await database.collection(collection).createIndex(key, { name, expireAfterSeconds: change.seconds });
  } else if (change.kind === 'change') {
    await database.command({ collMod: collection, index: { name, expireAfterSeconds: change.seconds } });
  } else if (change.kind === 'drop') {
    await database.collection(collection).dropIndex(name);
  }
  logger.info({ retention_days: retentionDays, change: change.kind }, 'the age at which prices are deleted is set');
}

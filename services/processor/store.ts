import { MongoBulkWriteError, type AnyBulkWriteOperation, type Collection, type WriteError } from 'mongodb';
import type { PriceChange } from './last-prices';
import type { DeadLetterReason, PriceDocument } from './record';
import type { Correction } from './settle';

const DUPLICATE_KEY = 11000;
/**
 * With these MongoDB says of a document that it will never take it: BadValue, FailedToParse, TypeMismatch, InvalidBSON,
 * DocumentValidationFailure, BSONObjectTooLarge, KeyTooLong. Any other code may pass, as when its cache is full:
 * https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
 */
const PERMANENT: ReadonlySet<number> = new Set([2, 9, 14, 22, 121, 10334, 17280]);

export interface Refusal {
  readonly document: PriceDocument;
  readonly reason: DeadLetterReason;
  readonly detail: string;
}

/** An event that was already stored, with the same content. */
export interface Repetition {
  readonly document: PriceDocument;
  /** It was stored of this very record: read again, and not sent again. */
  readonly isOfThisRecord: boolean;
  /** As it is stored. */
  readonly change: PriceChange | undefined;
}

export interface StoreResult {
  readonly inserted: number;
  readonly repeated: readonly Repetition[];
  readonly refused: readonly Refusal[];
}

/** The detail of a refusal by a unique index besides `_id`, and the name of that index. */
const OTHER_INDEX = /^MongoDB 11000: unique index (\S+) refuses /;
export const refusingIndex = (detail: string): string | undefined => OTHER_INDEX.exec(detail)?.[1];

/** The part of a collection that the store uses. */
export type PriceCollection = Pick<Collection<PriceDocument>, 'insertMany' | 'find' | 'bulkWrite'>;

/**
 * Inserts documents so that doing it again changes nothing. Whatever it does not answer for document by document
 * it throws, and the caller repeats the whole batch.
 */
export async function storeDocuments(
  collection: PriceCollection,
  documents: readonly PriceDocument[],
): Promise<StoreResult> {
  // crash-point: before-write
  try {
    const { insertedCount } = await collection.insertMany(documents, { ordered: false });
    if (insertedCount !== documents.length) {
      throw new Error(`MongoDB acknowledged ${insertedCount} of ${documents.length} documents`);
    }
    return { inserted: insertedCount, repeated: [], refused: [] };
  } catch (error) {
    const failures = writeErrors(error);
    if (failures === undefined) throw error;
    return resolveFailures(collection, documents, failures);
  }
}

/** The errors of single documents, or undefined if the batch as a whole is in doubt. */
function writeErrors(error: unknown): WriteError[] | undefined {
  if (!(error instanceof MongoBulkWriteError)) return undefined;
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  if (failures.length === 0 || error.result?.getWriteConcernError() !== undefined) return undefined;
  return failures;
}

async function resolveFailures(
  collection: PriceCollection,
  documents: readonly PriceDocument[],
  failures: readonly WriteError[],
): Promise<StoreResult> {
  const refused: Refusal[] = [];
  const duplicates: PriceDocument[] = [];
  const repeated: Repetition[] = [];
  const otherIndexes = new Map<string, string>();
  for (const failure of failures) {
    const document = documents[failure.index];
    if (failure.code === DUPLICATE_KEY) {
      duplicates.push(document);
      const index = otherIndexOf(failure);
      if (index !== undefined) otherIndexes.set(document._id, index);
      continue;
    }
    const detail = `MongoDB ${failure.code}: ${failure.errmsg}`;
    if (PERMANENT.has(failure.code)) refused.push({ document, reason: 'write-refused', detail });
    else throw new Error(`event ${document._id} is not stored yet: ${detail}`);
  }
  const stored = await findStored(
    collection,
    duplicates.map(({ _id }) => _id),
  );
  for (const document of duplicates) {
    const present = stored.get(document._id);
    const index = otherIndexes.get(document._id);
    if (present === undefined && index !== undefined) {
      // As long as that index is there, each repetition would fail, and hold up every partition.
      const detail = `MongoDB 11000: unique index ${index} refuses event ${document._id}`;
      refused.push({ document, reason: 'write-refused', detail });
      continue;
    }
    // Gone again, or a server that names no index: only a repetition of the whole batch can tell.
    if (present === undefined) throw new Error(`event ${document._id} is said to be stored, but cannot be found`);
    if (!isSameEvent(document, present))
      refused.push({ document, reason: 'id-conflict', detail: conflict(document._id) });
    else repeated.push({ document, isOfThisRecord: isOfRecord(document, present), change: present.change });
  }
  return { inserted: documents.length - failures.length, repeated, refused };
}

/** `E11000 duplicate key error collection: metals.prices index: NAME dup key: …`, as MongoDB and the stand-in put it. */
function otherIndexOf({ errmsg }: WriteError): string | undefined {
  const name = /\bindex: (\S+)/.exec(errmsg ?? '')?.[1];
  return name === '_id_' ? undefined : name;
}

const conflict = (id: string): string => `event ${id} is already stored with other content`;

/** A document that somebody has added by hand may lack anything. */
type Stored = Pick<PriceDocument, '_id'> &
  Partial<Pick<PriceDocument, 'content_hash' | 'sent_hash' | 'change' | 'kafka'>>;

/** The same content; or the same request, whose defaults were others by then. */
const isSameEvent = (document: PriceDocument, stored: Stored): boolean =>
  stored.content_hash === document.content_hash ||
  (document.sent_hash !== undefined && stored.sent_hash === document.sent_hash);

const isOfRecord = ({ kafka }: PriceDocument, stored: Stored): boolean =>
  kafka.topic === stored.kafka?.topic &&
  kafka.partition === stored.kafka.partition &&
  kafka.offset === stored.kafka.offset;

async function findStored(collection: PriceCollection, ids: readonly string[]): Promise<Map<string, Stored>> {
  if (ids.length === 0) return new Map();
  const projection = { content_hash: 1, sent_hash: 1, change: 1, kafka: 1 };
  const found = await collection.find<Stored>({ _id: { $in: [...ids] } }, { projection }).toArray();
  return new Map(found.map((stored) => [stored._id, stored]));
}

/** Gives documents another change. Doing it again changes nothing; one that is gone by age needs none. */
export async function correctChanges(collection: PriceCollection, corrections: readonly Correction[]): Promise<void> {
  const updates = corrections.map(({ id, change }) => ({
    updateOne: {
      filter: { _id: id },
      update: change === undefined ? { $unset: { change: '' } } : { $set: { change } },
    },
  }));
  await collection.bulkWrite(updates as AnyBulkWriteOperation<PriceDocument>[], { ordered: false });
}

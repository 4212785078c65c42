import { BSON, MongoBulkWriteError, type Document, type WriteError } from 'mongodb';
import type { OpenSide } from './copy-side';
import { FinalError } from './final-error';

const DUPLICATE_KEY = 11000;

type Target = OpenSide['collection'];

export interface BatchResult {
  readonly copied: number;
  /** Were there before, or came while this was under way. */
  readonly present: number;
}

/**
 * Adds those that are not there. The others are left as they are.
 *
 * @throws FinalError for a document that the target does not take
 */
export async function addAbsent(target: Target, documents: readonly Document[]): Promise<BatchResult> {
  const present = await presentIds(target, documents);
  const absent = documents.filter(({ _id }) => !present.has(String(_id)));
  const copied = absent.length > 0 ? await insert(target, absent) : 0;
  return { copied, present: documents.length - copied };
}

/**
 * Gives those that are there, and are another by now, what they are at the source: the processor corrects `change` of what it
 * stored a moment ago. To be done while nobody writes.
 *
 * @returns how many
 */
export async function replaceChanged(target: Target, documents: readonly Document[]): Promise<number> {
  const ids = documents.map(({ _id }) => _id);
  const found = await target.find({ _id: { $in: ids } }, { raw: true }).toArray();
  const present = new Map(
    (found as unknown as Uint8Array[]).map((raw) => [String(BSON.deserialize(raw)._id), Buffer.from(raw)]),
  );
  const changed = documents.filter((document) => {
    const raw = present.get(String(document._id));
    return raw !== undefined && !raw.equals(BSON.serialize(document));
  });
  if (changed.length === 0) return 0;
  const replacements = changed.map(({ _id, ...replacement }) => ({
    replaceOne: { filter: { _id }, replacement },
  }));
  await target.bulkWrite(replacements, { ordered: false });
  return changed.length;
}

async function presentIds(target: Target, documents: readonly Document[]): Promise<ReadonlySet<string>> {
  const ids = documents.map(({ _id }) => _id);
  const found = await target.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray();
  return new Set(found.map(({ _id }) => String(_id)));
}

/** Resolves with how many were added. */
async function insert(target: Target, documents: readonly Document[]): Promise<number> {
  try {
    const { insertedCount } = await target.insertMany([...documents], { ordered: false });
    if (insertedCount === documents.length) return insertedCount;
    throw new Error(`it acknowledged ${insertedCount} of ${documents.length} documents`);
  } catch (error) {
    const failures = writeErrors(error);
    if (failures === undefined) throw error;
    await requirePresent(target, documents, failures);
    return documents.length - failures.length;
  }
}

/** The errors of single documents, or undefined if the batch as a whole is in doubt. */
function writeErrors(error: unknown): readonly WriteError[] | undefined {
  if (!(error instanceof MongoBulkWriteError)) return undefined;
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  if (failures.length === 0 || error.result?.getWriteConcernError() !== undefined) return undefined;
  return failures;
}

/** The processor may have added some meanwhile. A unique index besides _id refuses with the same code. */
async function requirePresent(
  target: Target,
  documents: readonly Document[],
  failures: readonly WriteError[],
): Promise<void> {
  const refused = ({ index, code, errmsg }: WriteError): FinalError =>
    new FinalError(
      `the target refuses document ${String(documents[index]._id)} with MongoDB ${code}: ${String(errmsg).slice(0, 300)}; ` +
        'mend what refuses it there, then copy again',
    );
  const other = failures.find(({ code }) => code !== DUPLICATE_KEY);
  if (other !== undefined) throw refused(other);
  const present = await presentIds(
    target,
    failures.map(({ index }) => documents[index]),
  );
  const missing = failures.find(({ index }) => !present.has(String(documents[index]._id)));
  if (missing !== undefined) throw refused(missing);
}

import { BSON, MongoBulkWriteError, type Document } from 'mongodb';
import type { OpenSide } from '../../../services/tools/copy-side';

/** A refusal of single documents, as insertMany throws it. */
export const refusal = (...errors: { index: number; code: number; errmsg?: string }[]): MongoBulkWriteError =>
  new MongoBulkWriteError(
    { message: 'refused', writeErrors: errors } as never,
    {
      getWriteConcernError: () => undefined,
    } as never,
  );

interface Behaviour {
  /** Instead of what is found; tests of what a server does not do. */
  readonly find?: (filter: Document, options: Document) => AsyncIterable<unknown>;
  /** Before an insert is done. */
  readonly onInsert?: (documents: Document[], stored: Map<string, Buffer>) => void;
}

const matches = (document: Document, { _id, ingested_at: at }: Document): boolean => {
  const id = document._id;
  if (_id.$in) return _id.$in.map(String).includes(String(id));
  const bound = _id.$gt ?? _id.$gte;
  if (typeof bound !== typeof id) return false;
  return (
    (String(id) > String(bound) || (_id.$gte !== undefined && String(id) === String(bound))) && isSince(document, at)
  );
};
const isSince = ({ ingested_at: at }: Document, wanted?: Document): boolean => !wanted || at >= wanted.$gte;

/** A collection that keeps bytes, and knows no more of a query than what copying needs. */
export function collectionOf(documents: Document[], { find, onInsert }: Behaviour = {}) {
  const stored = new Map<string, Buffer>();
  const put = (document: Document): void =>
    void stored.set(String(document._id), Buffer.from(BSON.serialize(document)));
  documents.forEach(put);
  const inserts: number[] = [];
  const queries: Document[] = [];
  const found = (filter: Document): Buffer[] =>
    [...stored]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, bytes]) => bytes)
      .filter((bytes) => matches(BSON.deserialize(bytes), filter));
  const collection = {
    find: (filter: Document, options: Document) => {
      queries.push(filter);
      if (find && options.sort) return find(filter, options);
      const each = async function* () {
        for (const bytes of found(filter)) yield options.raw ? bytes : BSON.deserialize(bytes);
      };
      return Object.assign(each(), {
        toArray: async () => found(filter).map((bytes) => (options.raw ? bytes : BSON.deserialize(bytes))),
      });
    },
    insertMany: async (added: Document[], options: object) => {
      expect(options).toEqual({ ordered: false });
      onInsert?.(added, stored);
      added.forEach(put);
      inserts.push(added.length);
      return { insertedCount: added.length };
    },
    bulkWrite: async (operations: Document[], options: object) => {
      expect(options).toEqual({ ordered: false });
      for (const { replaceOne } of operations) put({ ...replaceOne.filter, ...replaceOne.replacement });
    },
  };
  return { collection: collection as unknown as OpenSide['collection'], stored, inserts, queries };
}

export const sideOf = (name: OpenSide['name'], collection: OpenSide['collection']): OpenSide => ({
  ...{ name, collection, place: `${name}:27017`, secret: `secret-of-${name}`, openedAt: new Date(0) },
});

import { MongoBulkWriteError, MongoNetworkError } from 'mongodb';
import type { PriceDocument } from '../../../services/processor/record';
import { correctChanges, refusingIndex, storeDocuments, type PriceCollection } from '../../../services/processor/store';

const KAFKA = { topic: 't', partition: 0, offset: 0 };
const document = (id: string, hash = `hash-${id}`): PriceDocument => ({
  _id: id,
  metal: 'gold',
  price: 1,
  currency: 'USD',
  unit: 'tonne',
  timestamp: new Date(0),
  source: 'api',
  schema_version: 1,
  content_hash: hash,
  ingested_at: new Date(0),
  kafka: KAFKA,
});

/** A collection in memory that answers as MongoDB does; `also` adds errors of other kinds, by id. */
function collection(
  stored: Record<string, string | undefined>,
  also: Record<string, number> = {},
  writeConcernError = false,
  sent: Record<string, string> = {},
) {
  const insertMany = jest.fn(async (documents: readonly PriceDocument[], options?: object) => {
    expect(options).toEqual({ ordered: false });
    const errors: object[] = [];
    documents.forEach(({ _id, content_hash: hash }, index) => {
      if (_id in also) errors.push({ index, code: also[_id], errmsg: 'Document failed validation' });
      else if (_id in stored) errors.push({ index, code: 11000, errmsg: 'duplicate key' });
      else stored[_id] = hash;
    });
    if (errors.length === 0 && !writeConcernError) return { insertedCount: documents.length };
    const result = { getWriteConcernError: () => (writeConcernError ? { code: 64 } : undefined) };
    throw Object.assign(Object.create(MongoBulkWriteError.prototype), { writeErrors: errors, result, message: 'bulk' });
  });
  const find = ({ _id: { $in: ids } }: { _id: { $in: string[] } }) => ({
    toArray: async () =>
      ids
        .filter((id) => stored[id] !== undefined)
        .map((id) => ({ _id: id, content_hash: stored[id], sent_hash: sent[id], kafka: KAFKA })),
  });
  return { insertMany, subject: { insertMany, find } as unknown as PriceCollection };
}

describe('storeDocuments', () => {
  test('a stored event with other content is refused, not taken for success', async () => {
    const { subject } = collection({ a: 'another hash' });
    expect(await storeDocuments(subject, [document('a'), document('b')])).toEqual({
      inserted: 1,
      repeated: [],
      refused: [expect.objectContaining({ document: document('a'), reason: 'id-conflict' })],
    });
  });

  test('a stored event with the same content is a repetition', async () => {
    const { subject } = collection({ a: 'hash-a' });
    expect(await storeDocuments(subject, [document('a'), document('b')])).toEqual({
      inserted: 1,
      repeated: [{ document: document('a'), isOfThisRecord: true, change: undefined }],
      refused: [],
    });
  });

  test('the same event twice in one batch is stored once; with other content the second is refused', async () => {
    const { subject } = collection({});
    const batch = [document('a'), document('a'), document('a', 'other')];
    expect(await storeDocuments(subject, batch)).toEqual({
      inserted: 1,
      repeated: [expect.objectContaining({ document: batch[1] })],
      refused: [expect.objectContaining({ document: batch[2], reason: 'id-conflict' })],
    });
  });

  test('an event whose producer filled in other defaults is a repetition, and not in conflict with itself', async () => {
    const { subject } = collection({ a: 'of troy ounces', b: 'of troy ounces' }, {}, false, { a: 'sent', b: 'sent' });
    const again = { ...document('a', 'of kilograms'), sent_hash: 'sent' };
    const other = { ...document('b', 'of kilograms'), sent_hash: 'other' };
    const stated = document('b', 'of tonnes');
    expect(await storeDocuments(subject, [again, other, stated])).toMatchObject({
      inserted: 0,
      repeated: [{ document: again }],
      refused: [{ document: other }, { document: stated }],
    });
  });

  test('tells a record that is read again from an event that is sent again, and the change that is stored', async () => {
    const { subject } = collection({ a: 'hash-a', b: 'hash-b' });
    const change = { previous_price: 2, amount: -1, percent: -50 };
    const readAgain = { ...document('a'), change };
    const sentAgain = { ...document('b'), kafka: { ...KAFKA, offset: 7 } };
    expect(await storeDocuments(subject, [readAgain, sentAgain])).toMatchObject({
      repeated: [
        { document: readAgain, isOfThisRecord: true, change: undefined },
        { document: sentAgain, isOfThisRecord: false },
      ],
    });
  });

  test('a document that somebody added by hand is in conflict, and stops nothing', async () => {
    const find = () => ({ toArray: async () => [{ _id: 'a' }] });
    const { insertMany } = collection({ a: '' });
    const subject = { insertMany, find } as unknown as PriceCollection;
    expect(await storeDocuments(subject, [document('a')])).toMatchObject({ refused: [{ reason: 'id-conflict' }] });
  });

  test('a document that MongoDB will not take is refused with its reason, the others are stored', async () => {
    const { subject } = collection({}, { bad: 121 });
    expect(await storeDocuments(subject, [document('bad'), document('b')])).toEqual({
      inserted: 1,
      repeated: [],
      refused: [
        expect.objectContaining({ reason: 'write-refused', detail: 'MongoDB 121: Document failed validation' }),
      ],
    });
  });

  test('a document that MongoDB cannot take at this moment is no dead letter: the batch is thrown back to be repeated', async () => {
    const { subject } = collection({}, { busy: 365 });
    await expect(storeDocuments(subject, [document('a'), document('busy')])).rejects.toThrow(
      'event busy is not stored yet: MongoDB 365',
    );
  });

  test('a failed write concern is no success, whatever the documents answered', async () => {
    const { subject } = collection({ a: 'hash-a' }, {}, true);
    await expect(storeDocuments(subject, [document('a')])).rejects.toBeInstanceOf(MongoBulkWriteError);
  });

  test('a network error is thrown for the caller to repeat', async () => {
    const insertMany = () => Promise.reject(new MongoNetworkError('connection closed'));
    const subject = { insertMany } as unknown as PriceCollection;
    await expect(storeDocuments(subject, [document('a')])).rejects.toThrow('connection closed');
  });

  test('a duplicate that cannot be found is an error, not a success', async () => {
    const { subject } = collection({ a: undefined });
    await expect(storeDocuments(subject, [document('a')])).rejects.toThrow('cannot be found');
  });

  test('an event that a unique index besides _id refuses is a dead letter that names the index; the others are stored', async () => {
    const clash = (index: string): object =>
      Object.assign(Object.create(MongoBulkWriteError.prototype), {
        message: 'bulk',
        result: { getWriteConcernError: () => undefined },
        writeErrors: [
          {
            index: 0,
            code: 11000,
            errmsg: `E11000 duplicate key error collection: metals.prices index: ${index} dup key: { price: "index: _id_" }`,
          },
        ],
      });
    const store = (index: string, stored: object[]) =>
      storeDocuments(
        {
          insertMany: async () => Promise.reject(clash(index)),
          find: () => ({ toArray: async () => stored }),
        } as unknown as PriceCollection,
        [document('a'), document('b')],
      );
    const { refused, ...counts } = await store('price_1', []);
    expect(counts).toEqual({ inserted: 1, repeated: [] });
    expect(refused).toEqual([
      {
        document: document('a'),
        reason: 'write-refused',
        detail: 'MongoDB 11000: unique index price_1 refuses event a',
      },
    ]);
    expect(refused.map(({ detail }) => refusingIndex(detail))).toEqual(['price_1']);
    // Stored already, although MongoDB has named the other index: a repetition.
    const present = [{ _id: 'a', content_hash: 'hash-a', kafka: KAFKA }];
    expect(await store('price_1', present)).toMatchObject({
      inserted: 1,
      repeated: [{ document: document('a') }],
      refused: [],
    });
    // Stored a moment ago and gone since: only a repetition can tell.
    await expect(store('_id_', [])).rejects.toThrow('cannot be found');
  });

  test('an acknowledgement of fewer documents is an error', async () => {
    const subject = { insertMany: async () => ({ insertedCount: 1 }) } as unknown as PriceCollection;
    await expect(storeDocuments(subject, [document('a'), document('b')])).rejects.toThrow('acknowledged 1 of 2');
  });
});

test('a change is set, or taken away, by the id of its document', async () => {
  const bulkWrite = jest.fn(async () => undefined);
  const change = { previous_price: 2, amount: -1, percent: -50 };
  await correctChanges({ bulkWrite } as unknown as PriceCollection, [
    { id: 'a', change },
    { id: 'b', change: undefined },
  ]);
  expect(bulkWrite).toHaveBeenCalledWith(
    [
      { updateOne: { filter: { _id: 'a' }, update: { $set: { change } } } },
      { updateOne: { filter: { _id: 'b' }, update: { $unset: { change: '' } } } },
    ],
    { ordered: false },
  );
});

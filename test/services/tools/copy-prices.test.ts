import {
  Binary,
  BSON,
  BSONRegExp,
  Decimal128,
  Double,
  Int32,
  Long,
  MaxKey,
  MongoBulkWriteError,
  ObjectId,
  Timestamp,
  type Document,
} from 'mongodb';
import { copyPrices } from '../../../services/tools/copy-prices';
import { exactDocument } from '../../../services/tools/exact-document';
import { FinalError } from '../../../services/tools/final-error';
import { collectionOf, refusal, sideOf } from './fake-documents';

const price = (id: string, over: Document = {}): Document => ({ _id: id, price: new Double(1_850), ...over });
const prices = (count: number): Document[] =>
  Array.from({ length: count }, (_, index) => price(`id-${String(index).padStart(5, '0')}`));

function sides(from: ReturnType<typeof collectionOf>, to: ReturnType<typeof collectionOf>) {
  return [sideOf('source', from.collection), sideOf('target', to.collection)] as const;
}

/** As the driver's cursor: it is closed when its time is over, and tells of that or simply ends. */
const stuckAfter = (documents: Document[], ending: 'throws' | 'ends') =>
  async function* (_: Document, { signal }: Document) {
    for (const document of documents) yield BSON.serialize(document);
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    if (ending === 'throws') throw signal.reason;
  };

describe('a failure says which side, and what to do:', () => {
  const failing = (error: Error) => ({
    find: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }) }),
  });
  const coded = (code: number, message: string) => Object.assign(new Error(message), { code });

  test.each([
    ['may not read', coded(13, 'not authorized'), 'the user of the secret secret-of-source may not read the source'],
    [
      'the source is gone',
      new Error('connection reset'),
      'the source source:27017 failed: connection reset; copy again',
    ],
  ])('%s', async (_, error, message) => {
    const [source, target] = sides(collectionOf([], failing(error)), collectionOf([]));
    const copying = copyPrices(source, target, {});
    await expect(copying).rejects.toThrow(message);
    await expect(copying).rejects.toBeInstanceOf(FinalError);
  });

  const refusing = (error: unknown) =>
    collectionOf([], {
      onInsert: () => {
        throw error;
      },
    });

  test.each<[string, unknown, string]>([
    ['the target is full', new Error('no space'), 'the target target:27017 failed: no space; copy again'],
    [
      'may not insert',
      coded(13, 'not authorized'),
      'may not read and insert in the target target:27017: give it readWrite',
    ],
    [
      'a document that is not taken',
      refusal({ index: 1, code: 121, errmsg: 'Document failed validation' }),
      'the target refuses document id-00001 with MongoDB 121: Document failed validation; mend what refuses it',
    ],
    [
      'a unique index besides _id, although some were there',
      refusal({ index: 0, code: 11_000, errmsg: 'E11000 index: other' }),
      'the target refuses document id-00000 with MongoDB 11000: E11000 index: other',
    ],
    [
      'a majority that did not acknowledge',
      new MongoBulkWriteError({ message: 'waiting for replication timed out', writeErrors: [] } as never, {} as never),
      'the target target:27017 failed: waiting for replication timed out',
    ],
  ])('%s', async (_, error, message) => {
    await expect(copyPrices(...sides(collectionOf(prices(3)), refusing(error)), {})).rejects.toThrow(message);
  });

  test('fewer were acknowledged than were sent', async () => {
    const target = collectionOf([]);
    target.collection.insertMany = (async () => ({ insertedCount: 2 })) as never;
    await expect(copyPrices(...sides(collectionOf(prices(3)), target), {})).rejects.toThrow(
      'it acknowledged 2 of 3 documents',
    );
  });

  test('nothing is told in time: the same request would end the same way', async () => {
    const source = collectionOf([], { find: stuckAfter([], 'throws') });
    await expect(copyPrices(...sides(source, collectionOf([])), {}, 20)).rejects.toThrow(
      'the source source:27017 has told nothing for 0.02 s: see what keeps it busy',
    );
  });

  test('a document that JavaScript cannot hold', () => {
    const [one, two] = [BSON.serialize({ _id: 'a', b: 1, 1: 2 }), BSON.serialize({ _id: 'a' })];
    expect(() => exactDocument(one)).not.toThrow();
    // The keys of one in the order that only a server keeps: {_id, b, 1}.
    const [key1, b, id] = [one.subarray(4, 11), one.subarray(-8, -1), two.subarray(4, -1)];
    const raw = Buffer.concat([one.subarray(0, 4), id, b, key1, Buffer.from([0])]);
    expect(raw).toHaveLength(one.length);
    expect(() => exactDocument(raw)).toThrow('document "a" cannot be copied byte for byte');
  });
});

describe('the deadline', () => {
  test.each(['throws', 'ends'] as const)('ends it where it is, also of a cursor that %s then', async (ending) => {
    const target = collectionOf([]);
    const source = collectionOf([], { find: stuckAfter(prices(3), ending) });
    expect(await copyPrices(...sides(source, target), {}, 30)).toEqual({
      ...{ done: false, after: 'id-00002', looked: 3, copied: 3, present: 0, replaced: 0 },
    });
    expect(target.stored.size).toBe(3);
  });

  test('lets a batch that is under way be finished, and no other begin', async () => {
    const target = collectionOf([], {
      onInsert: () => {
        const until = Date.now() + 60;
        while (Date.now() < until);
      },
    });
    const insertMany = target.collection.insertMany.bind(target.collection);
    target.collection.insertMany = (async (...given: Parameters<typeof insertMany>) => {
      const result = await insertMany(...given);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return result;
    }) as never;
    expect(await copyPrices(...sides(collectionOf(prices(2_500)), target), {}, 40)).toMatchObject({
      ...{ done: false, after: 'id-00999', looked: 1_000 },
    });
    expect(target.inserts).toEqual([1_000]);
  });
});

test('batches of 1,000; another run goes on behind the last id', async () => {
  const [source, target] = [collectionOf(prices(2_500)), collectionOf([])];
  expect(await copyPrices(...sides(source, target), { after: 'id-00099' })).toEqual({
    ...{ done: true, after: 'id-02499', looked: 2_400, copied: 2_400, present: 0, replaced: 0 },
  });
  expect(target.inserts).toEqual([1_000, 1_000, 400]);
  expect(target.stored.has('id-00099')).toBe(false);
  expect(target.stored.has('id-00100')).toBe(true);
});

test('large documents make smaller batches', async () => {
  const large = Array.from({ length: 5 }, (_, index) => price(`id-${index}`, { text: 'x'.repeat(2 ** 21) }));
  const target = collectionOf([]);
  await copyPrices(...sides(collectionOf(large), target), {});
  expect(target.inserts).toEqual([2, 2, 1]);
});

test('nothing to copy: the answer goes on from where the request did', async () => {
  const request = { after: 'id-5', since: '2026-03-01T12:00:00+01:00' };
  const source = collectionOf([]);
  expect(await copyPrices(...sides(source, collectionOf([])), request)).toEqual({
    ...{ done: true, after: 'id-5', looked: 0, copied: 0, present: 0, replaced: 0 },
  });
  expect(source.queries[0]).toEqual({ _id: { $gt: 'id-5' }, ingested_at: { $gte: new Date('2026-03-01T11:00:00Z') } });
});

test('since: what has changed after it was copied is replaced, and nothing else', async () => {
  const at = new Date('2026-03-01T12:00:00Z');
  const source = collectionOf([
    { _id: 'a', ingested_at: at, change: new Double(1) },
    { _id: 'b', ingested_at: at },
    { _id: 'c', ingested_at: at },
  ]);
  const target = collectionOf([
    { _id: 'a', ingested_at: at },
    { _id: 'b', ingested_at: at },
  ]);
  const answer = await copyPrices(...sides(source, target), { since: at.toISOString() });
  expect(answer).toMatchObject({ done: true, looked: 3, copied: 1, present: 2, replaced: 1 });
  expect([...target.stored].sort()).toEqual([...source.stored].sort());
});

test('without since, what is there stays as it is', async () => {
  const target = collectionOf([{ _id: 'a', price: 2 }]);
  const answer = await copyPrices(...sides(collectionOf([{ _id: 'a', price: 1 }]), target), {});
  expect(answer).toMatchObject({ looked: 1, copied: 0, present: 1, replaced: 0 });
  expect(BSON.deserialize(target.stored.get('a')!)).toEqual({ _id: 'a', price: 2 });
});

test('since: what was stored at that moment or later', async () => {
  const at = (id: string, time: string) => price(id, { ingested_at: new Date(time) });
  const [source, target] = [
    collectionOf([at('a', '2026-03-01T11:59:59.999Z'), at('b', '2026-03-01T12:00:00Z'), price('c')]),
    collectionOf([]),
  ];
  await copyPrices(...sides(source, target), { since: '2026-03-01T12:00:00.000Z' });
  expect([...target.stored.keys()]).toEqual(['b']);
});

describe('what is there', () => {
  test('is left as it is', async () => {
    const target = collectionOf([price('id-00001', { price: new Double(1) })]);
    expect(await copyPrices(...sides(collectionOf(prices(3)), target), {})).toMatchObject({
      ...{ done: true, looked: 3, copied: 2, present: 1, replaced: 0 },
    });
    expect(BSON.deserialize(target.stored.get('id-00001')!).price).toBe(1);
  });

  test('all of it: nothing is sent', async () => {
    const target = collectionOf(prices(3));
    expect(await copyPrices(...sides(collectionOf(prices(3)), target), {})).toMatchObject({
      copied: 0,
      present: 3,
      replaced: 0,
    });
    expect(target.inserts).toEqual([]);
  });

  test('since the question, because the processor writes as well: no failure', async () => {
    const target = collectionOf([], {
      onInsert: (documents, stored) => {
        documents.forEach((document) => stored.set(document._id, Buffer.from(BSON.serialize(document))));
        throw refusal({ index: 1, code: 11_000, errmsg: 'E11000 … index: _id_' });
      },
    });
    expect(await copyPrices(...sides(collectionOf(prices(3)), target), {})).toEqual({
      ...{ done: true, after: 'id-00002', looked: 3, copied: 2, present: 1, replaced: 0 },
    });
  });
});

test('every type arrives as the bytes that it was', async () => {
  const document = {
    _id: 'id',
    double: new Double(1_850),
    fraction: new Double(0.1),
    minusZero: new Double(-0),
    notANumber: new Double(NaN),
    int: new Int32(1),
    long: Long.fromString('9007199254740993'),
    small: Long.fromNumber(7),
    decimal: Decimal128.fromString('1850.10'),
    date: new Date('2026-03-01T12:00:00.123Z'),
    none: null,
    flag: false,
    id: new ObjectId(),
    bytes: new Binary(Buffer.from('abc'), 0),
    uuid: new Binary(Buffer.alloc(16, 7), 4),
    pattern: new BSONRegExp('^a', 'imsx'),
    at: new Timestamp({ t: 5, i: 7 }),
    most: new MaxKey(),
    kafka: { topic: 't', partition: new Int32(2), offset: new Double(2 ** 40) },
    list: [new Double(1), new Int32(1), { deep: Long.fromNumber(1) }],
    'a.b': 'ä€😀',
  };
  const [source, target] = [collectionOf([document]), collectionOf([])];
  await copyPrices(...sides(source, target), {});
  expect(target.stored.get('id')!.toString('hex')).toBe(source.stored.get('id')!.toString('hex'));
});

test('what a person has added by hand comes last, and does not become the place to go on from', async () => {
  const id = new ObjectId();
  const target = collectionOf([]);
  expect(await copyPrices(...sides(collectionOf([{ _id: id }, price('z')]), target), {})).toEqual({
    ...{ done: true, after: 'z', looked: 2, copied: 2, present: 0, replaced: 0 },
  });
  expect([...target.stored.keys()]).toEqual(['z', String(id)]);
});

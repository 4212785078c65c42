import { MongoNetworkError } from 'mongodb';
import { pino } from 'pino';
import type { PriceDocument } from '../../../services/processor/record';
import type { PriceCollection } from '../../../services/processor/store';
import { SupersededError } from '../../../services/processor/superseded';
import { Writer } from '../../../services/processor/writer';

const document = (id: string): PriceDocument => ({ _id: id, content_hash: id }) as PriceDocument;

function writer(
  insertMany: (documents: PriceDocument[]) => Promise<object>,
  signal = new AbortController().signal,
  timeoutMs = 10_000,
): Writer {
  const subject = { insertMany } as unknown as PriceCollection;
  return new Writer({
    collection: () => subject,
    maxDocuments: 3,
    timeoutMs,
    backoff: { baseMs: 1, maxMs: 1 },
    signal,
    logger: pino({ level: 'silent' }),
  });
}

describe('Writer', () => {
  test('an insert that neither ends nor fails, as a driver that waits for ever would leave it, is begun again', async () => {
    let attempts = 0;
    const insertMany = async (documents: PriceDocument[]) => {
      attempts += 1;
      if (attempts === 1) await new Promise(() => undefined);
      return { insertedCount: documents.length };
    };
    expect(await writer(insertMany, undefined, 50).write([document('a')])).toMatchObject({ inserted: 1 });
    expect(attempts).toBe(2);
  });

  test('repeats a write until MongoDB has taken it, and says meanwhile what is wrong', async () => {
    const seen: (string | undefined)[] = [];
    let failures = 3;
    const subject: Writer = writer(async (documents) => {
      seen.push(subject.problem);
      if (failures-- > 0) throw new MongoNetworkError('away');
      return { insertedCount: documents.length };
    });
    expect(await subject.write([document('a')])).toEqual({ inserted: 1, repeated: [], refused: [] });
    expect(seen).toEqual([undefined, 'MongoDB: away', 'MongoDB: away', 'MongoDB: away']);
    expect(subject.problem).toBeUndefined();
  });

  test('writes of several partitions share inserts, none larger than the limit', async () => {
    const sizes: number[] = [];
    const subject = writer(async (documents) => {
      sizes.push(documents.length);
      return { insertedCount: documents.length };
    });
    const batches = [['a', 'b', 'c', 'd'], ['e'], ['f']].map((names) => names.map(document));
    const results = await Promise.all(batches.map((batch) => subject.write(batch)));
    expect(sizes).toEqual([3, 3]);
    expect(results.reduce((sum, { inserted }) => sum + inserted, 0)).toBe(6);
  });

  test('what is superseded before its turn is not written, and not taken for written; the others are', async () => {
    const written: string[] = [];
    let [begin, release] = [(): void => undefined, (): void => undefined];
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const held = new Promise<void>((resolve) => (release = resolve));
    const subject = writer(async (documents) => {
      begin();
      await held;
      written.push(...documents.map(({ _id }) => _id));
      return { insertedCount: documents.length };
    });
    let isCurrent = true;
    const first = subject.write(['a'].map(document), () => isCurrent);
    await begun;
    const second = expect(subject.write(['b'].map(document), () => isCurrent)).rejects.toBeInstanceOf(SupersededError);
    const other = subject.write(['c'].map(document));
    isCurrent = false;
    release();
    // Under way when it was superseded: its end is the truth.
    expect(await first).toMatchObject({ inserted: 1 });
    await second;
    expect(await other).toMatchObject({ inserted: 1 });
    expect(written).toEqual(['a', 'c']);
  });

  test('a server too slow for a large insert gets smaller ones, until they work', async () => {
    const sizes: number[] = [];
    const stored = new Set<string>();
    const subject = writer(async (documents) => {
      sizes.push(documents.length);
      if (documents.length > 1) throw new MongoNetworkError('timed out');
      stored.add(documents[0]._id);
      return { insertedCount: 1 };
    });
    expect(await subject.write(['a', 'b', 'c'].map(document))).toEqual({ inserted: 3, repeated: [], refused: [] });
    expect(stored).toEqual(new Set(['a', 'b', 'c']));
    expect(sizes).toEqual([3, 1, 2, 1, 1]);
  });

  test('and larger ones again once they succeed', async () => {
    const sizes: number[] = [];
    let failures = 1;
    const subject = writer(async (documents) => {
      sizes.push(documents.length);
      if (failures-- > 0) throw new MongoNetworkError('away');
      return { insertedCount: documents.length };
    });
    await subject.write(['a', 'b', 'c'].map(document));
    await subject.write(['d', 'e', 'f'].map(document));
    expect(sizes).toEqual([3, 1, 2, 3]);
  });

  test('gives up only when the service stops, and then rejects', async () => {
    const stopping = new AbortController();
    const subject = writer(() => Promise.reject(new MongoNetworkError('away')), stopping.signal);
    const writing = subject.write([document('a')]);
    setTimeout(() => stopping.abort(new Error('stopping')), 20);
    await expect(writing).rejects.toThrow();
  });
});

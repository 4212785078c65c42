import type { EachBatchPayload, Kafka } from 'kafkajs';
import { pino } from 'pino';
import type { Letter } from '../../../services/tools/dlq-letter';
import { LetterReader } from '../../../services/tools/dlq-reader';

/** A broker whose batches are handed over by the test, as kafkajs does it. */
function reader(over: { partitions?: { low: string; high: string }[]; deadlineMs?: number } = {}) {
  const calls: string[] = [];
  let eachBatch: ((payload: EachBatchPayload) => Promise<void>) | undefined;
  let crash: ((event: { payload: { error: Error } }) => void) | undefined;
  const kafka = {
    admin: () => ({
      connect: async () => undefined,
      disconnect: async () => void calls.push('admin disconnect'),
      fetchTopicOffsets: async () => over.partitions ?? [{ low: '3', high: '40' }],
      deleteGroups: async ([group]: string[]) => void calls.push(`delete ${group!.replace(/[0-9a-f-]{36}$/, 'ID')}`),
    }),
    consumer: ({ groupId }: { groupId: string }) => ({
      events: { CRASH: 'crash' },
      on: (_: string, listener: typeof crash) => (crash = listener),
      connect: async () => void calls.push(`connect ${groupId.replace(/[0-9a-f-]{36}$/, 'ID')}`),
      subscribe: async () => undefined,
      run: async (options: { autoCommit: boolean; eachBatch: typeof eachBatch }) => {
        calls.push(`run, autoCommit ${options.autoCommit}`);
        eachBatch = options.eachBatch;
      },
      seek: ({ offset }: { offset: string }) => void calls.push(`seek ${offset}`),
      disconnect: async () => void calls.push('consumer disconnect'),
    }),
  } as unknown as Kafka;
  const subject = new LetterReader({
    kafka,
    topic: 'metals-prices.dlq',
    deadlineMs: over.deadlineMs ?? 5_000,
    logger: pino({ level: 'silent' }),
  });
  const batch = (offsets: number[], stale = false) =>
    eachBatch!({
      batch: {
        messages: offsets.map((offset) => ({ offset: String(offset), timestamp: '0', key: null, value: null })),
        lastOffset: () => String(offsets.at(-1) ?? 39),
      },
      isStale: () => stale,
    } as unknown as EachBatchPayload);
  const seen: number[] = [];
  const read = async (from: number, to: number, until = Infinity) => {
    const done = subject.read(from, to, ({ offset }: Letter) => {
      seen.push(offset);
      return offset < until;
    });
    // Let the consumer start.
    await new Promise((resolve) => setImmediate(resolve));
    return { done };
  };
  return { subject, calls, batch, read, seen, crash: (error: Error) => crash!({ payload: { error } }) };
}

test.each([0, 2])('a topic with %i partitions is refused: an offset would not name one letter', async (count) => {
  const { subject } = reader({ partitions: Array.from({ length: count }, () => ({ low: '0', high: '1' })) });
  await expect(subject.range()).rejects.toThrow(`has ${count} partitions, expected 1`);
});

test('a deadline that passes says how far it came', async () => {
  const { batch, read } = reader({ deadlineMs: 50 });
  const { done } = await read(10, 20);
  const refused = expect(done).rejects.toThrow('read 2 of 10 dead letters (offsets 10 to 19) in 0.05 s');
  await batch([10, 11]);
  await refused;
});

test('a consumer that crashes ends the reading', async () => {
  const { subject, read, crash } = reader();
  const { done } = await read(10, 20);
  crash(new Error('not authorised'));
  await expect(done).rejects.toThrow('not authorised');
  await expect(subject.read(10, 20, () => undefined)).rejects.toThrow('not authorised');
});

test('what was fetched before the seek counts for nothing', async () => {
  const { batch, read, seen } = reader();
  const { done } = await read(10, 12);
  await batch([30, 31, 39], true);
  await batch([]);
  await batch([8, 9, 10, 11, 12]);
  await done;
  expect(seen).toEqual([10, 11]);
});

test('a letter is handed over once, and reading ends behind a gap', async () => {
  const { batch, read, seen } = reader();
  const { done } = await read(10, 20);
  await batch([10, 11]);
  await batch([11, 12]);
  await batch([25]);
  await done;
  await batch([26]);
  expect(seen).toEqual([10, 11, 12]);
});

test('the one who reads may have enough', async () => {
  const { batch, read, seen } = reader();
  const { done } = await read(10, 20, 11);
  await batch([10, 11, 12]);
  await done;
  expect(seen).toEqual([10, 11]);
});

test('one group for all ranges, which commits nothing and is deleted after the consumer has left', async () => {
  const { subject, batch, read, calls } = reader();
  for (const from of [10, 15]) {
    const { done } = await read(from, from + 1);
    await batch([from]);
    await done;
  }
  await subject.read(5, 5, () => undefined);
  await subject.close();
  expect(calls).toEqual([
    'connect metals-dlq-ID',
    'run, autoCommit false',
    'seek 10',
    'seek 15',
    'consumer disconnect',
    'delete metals-dlq-ID',
    'admin disconnect',
  ]);
});

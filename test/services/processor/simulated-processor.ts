import { pino } from 'pino';
import { PriceConsumer } from '../../../services/processor/consumer';
import { DeadLetterPublisher } from '../../../services/processor/dead-letters';
import { processBatch, type BatchResult } from '../../../services/processor/process-batch';
import type { PriceDocument } from '../../../services/processor/record';
import type { PriceCollection } from '../../../services/processor/store';
import { Writer } from '../../../services/processor/writer';
import type { SimulatedTopic } from './simulated-topic';

export interface SimulatedStore {
  /** Resolves when the documents are stored; rejects like a store that is away. */
  insert: (documents: readonly PriceDocument[]) => Promise<void>;
}

/** The processor as main.ts puts it together, on a simulated topic and store. */
export function simulatedProcessor(
  name: string,
  topic: SimulatedTopic,
  store: SimulatedStore,
  onSafe: (result: BatchResult) => void = () => undefined,
) {
  const logger = pino({ level: 'silent' });
  const aborting = new AbortController();
  const backoff = { baseMs: 2, maxMs: 20 };
  const common = { backoff, signal: aborting.signal, logger };
  const collection = {
    insertMany: async (documents: readonly PriceDocument[]) => {
      await store.insert(documents);
      return { insertedCount: documents.length };
    },
  } as unknown as PriceCollection;
  const writer = new Writer({ ...common, collection: () => collection, maxDocuments: 1_000, timeoutMs: 40_000 });
  const letters = new DeadLetterPublisher({
    ...common,
    kafka: topic.kafka,
    topic: 'dlq',
    version: '1',
    now: () => new Date(),
  });
  const consumer = new PriceConsumer({
    kafka: topic.kafka,
    topic: name,
    partitions: topic.next.length,
    group: 'g',
    sessionTimeoutMs: 30_000,
    maxWaitMs: 100,
    maxBytesPerPartition: 1_048_576,
    logger,
    signal: aborting.signal,
    onLogCut: () => 'stay',
    correct: (corrections, isCurrent) => writer.correct(corrections, isCurrent),
    process: (records, last, read, isCurrent) =>
      processBatch(records, last, read, {
        store: (documents) => writer.write(documents, isCurrent),
        deadLetter: (some) => letters.publish(some, isCurrent),
        now: () => new Date(),
        onSafe,
        sliceRecords: 500,
        sliceMs: 10,
      }),
  });
  const stop = async (): Promise<void> => {
    await consumer.stop();
    aborting.abort(new Error('stopping'));
    await topic.stop();
  };
  return { consumer, stop };
}

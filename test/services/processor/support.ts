import type { Kafka } from 'kafkajs';
import { pino } from 'pino';
import { PriceConsumer, type ConsumerOptions } from '../../../services/processor/consumer';

export const TOPIC = 'metals-prices';

/** The consumer, on a kafkajs and with processing that the test drives. */
export function priceConsumer(
  kafka: Kafka,
  process: ConsumerOptions['process'],
  also: Partial<ConsumerOptions> = {},
): PriceConsumer {
  return new PriceConsumer({
    kafka,
    topic: TOPIC,
    partitions: 6,
    group: 'g',
    sessionTimeoutMs: 30_000,
    maxWaitMs: 100,
    maxBytesPerPartition: 1_024,
    logger: pino({ level: 'silent' }),
    signal: new AbortController().signal,
    process,
    correct: async () => undefined,
    onLogCut: () => 'stay',
    ...also,
  });
}

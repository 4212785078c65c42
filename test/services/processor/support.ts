import type { Kafka } from 'kafkajs';
import { pino } from 'pino';
import { PriceConsumer, type ConsumerOptions } from '../../../services/processor/consumer';
import type { ProcessorFacts } from '../../../services/processor/health';

export const TOPIC = 'metals-prices';

/** As kafkajs hands it on. */
export const fetchedMessage = (offset: string, value: Buffer | null = null, leaderEpoch = 0) => ({
  ...{ key: null, value, offset, timestamp: '7000' },
  batchContext: { producerId: '-1', inTransaction: false, leaderEpoch },
});

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

export const healthyProcessor: ProcessorFacts = {
  version: '1',
  kafkaConnected: true,
  mongodbConnected: true,
  everReady: true,
  stopping: false,
  processedCount: 7,
  processedPerSecond: 1.5,
  instance: '0123456789ab',
  kafkaProblems: [undefined, undefined],
  mongodbProblems: [undefined, undefined],
  replicasBehind: [],
  quorumProblem: undefined,
  deadLetterProblem: undefined,
  commitProblem: undefined,
  waitingToJoin: undefined,
  expelled: false,
  unowned: [],
  stoppedPartitions: [],
  truncatedPartitions: [],
  stuckPartitions: [],
  clockSkewMs: 0,
  mongodbDiskRatio: undefined,
  lagRecords: 0,
  lagDegradedRecords: 100,
  recent: [],
  silentMs: 10,
  kafkaQuorum: undefined,
  stuckAfterMs: 1_000,
};

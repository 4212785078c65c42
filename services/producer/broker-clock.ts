import type { RecordMetadata } from 'kafkajs';
import { leastSkewMs } from '../common/clock';
import { isKafkaError } from '../common/kafka-error';

/** With LogAppendTime, which `setup` sets, no time is refused; another topic may have the broker's default of one hour. */
export const explainRefusedTime = (sentMs: number): string =>
  `Kafka refuses the time of the records, ${new Date(sentMs).toISOString()} by this replica's clock: set the clock, or ` +
  'message.timestamp.type=LogAppendTime on the topic, as setup does';

const TIME_REFUSED: ReadonlySet<string> = new Set(['INVALID_TIMESTAMP']);
export const isTimeRefused = (error: unknown): boolean => isKafkaError(error, TIME_REFUSED);

/** Undefined where the broker stamps no record. It does so between the send and the answer, by its own clock. */
export function clockSkewMs(sentMs: number, answeredMs: number, result: readonly RecordMetadata[]): number | undefined {
  const stampMs = Number(result[0]?.logAppendTime ?? -1);
  return stampMs < 0 ? undefined : leastSkewMs(stampMs, sentMs, answeredMs - sentMs);
}

import { Partitioners, type Kafka, type Producer } from 'kafkajs';
import { isKafkaError } from '../common/kafka-error';
import type { Letter } from './dlq-letter';

const ALL_REPLICAS = -1;

/** An idempotent producer: a repeated send of one letter writes one record. */
export async function openReplayProducer(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  try {
    await producer.connect();
    return producer;
  } catch (error) {
    await producer.disconnect();
    throw error;
  }
}

/** Sends the record of a letter as it was and returns its new offset; one at a time, so that each has its own answer. */
export async function sendAgain(
  producer: Pick<Producer, 'send'>,
  topic: string,
  partition: number,
  letter: Letter,
): Promise<number> {
  const result = await producer.send({
    topic,
    acks: ALL_REPLICAS,
    messages: [
      {
        partition,
        key: letter.sourceKey,
        value: letter.value,
        headers: { 'metals-replayed-from': String(letter.offset) },
      },
    ],
  });
  const [acknowledged] = result;
  const offset = Number(acknowledged?.baseOffset ?? -1);
  // kafkajs resolves with nothing for a partition that the topic lacks.
  if (result.length !== 1 || acknowledged?.partition !== partition || acknowledged.errorCode !== 0 || !(offset >= 0)) {
    throw new Error(`topic ${topic} did not acknowledge it for partition ${partition}: ${JSON.stringify(result)}`);
  }
  return offset;
}

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** The broker has then written nothing. */
export const isTooLarge = (error: unknown): boolean => isKafkaError(error, TOO_LARGE);

/** Whether a login may do what its service does, as far as that can be asked without writing anything. */
import { FinalError, isDenied, SuspectError } from './final-error';
import type { KafkaUser } from './setup-external-kafka';

/**
 * Connects as a service does. An idempotent producer is let in once it may write to any topic; that it may write to this one
 * shows with the first event.
 *
 * @param group that it reads the first of the topics in; none: it only writes
 * @throws FinalError with the right that is missing
 */
export async function requireUse(
  { kafka, login: { username } }: KafkaUser,
  topics: readonly string[],
  group?: string,
): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 2 } });
  await admin.connect();
  try {
    for (const topic of topics) {
      await orName(
        () => admin.fetchTopicMetadata({ topics: [topic] }),
        `${username} may not use topic ${topic}: allow ${topic === topics[0] && group ? 'Read' : 'Write'} on it`,
      );
    }
    if (group !== undefined) {
      await orName(
        () => admin.fetchOffsets({ groupId: group, topics: [topics[0]] }),
        `${username} may not use the consumer group ${group}: allow Read on it`,
      );
    }
  } finally {
    await admin.disconnect();
  }
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, retry: { retries: 2 } });
  try {
    await orName(() => producer.connect(), `${username} may write to no topic: allow Write on ${topics.at(-1)}`);
  } finally {
    await producer.disconnect();
  }
}

async function orName(action: () => Promise<unknown>, message: string): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (isDenied(error)) throw new FinalError(message);
    // What the broker answers about a group is lost in kafkajs (brokerPool.withBroker), be it a refusal or a coordinator that
    // is just coming up.
    if ((error as Error).name === 'KafkaJSGroupCoordinatorNotFound') throw new SuspectError(message);
    throw error;
  }
}

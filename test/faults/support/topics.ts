/** Reads topics from end to end, and tells how far the processors are. */
import type { Admin, IHeaders, Kafka, KafkaMessage } from 'kafkajs';
import { waitUntil } from '../../rig/wait';

export const TOPIC = 'metals-prices';
export const DEAD_LETTERS = 'metals-prices.dlq';
export const GROUP = 'metals-processor';

export interface ReadRecord {
  readonly partition: number;
  readonly message: KafkaMessage;
}

export type Positions = ReadonlyMap<number, number>;

export async function withAdmin<T>(kafka: Kafka, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export async function endOf(admin: Admin, topic: string): Promise<Positions> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
}

/** Every record from `start` to the present end of the topic. */
export async function readTopic(kafka: Kafka, topic: string, start: Positions = new Map()): Promise<ReadRecord[]> {
  const end = await withAdmin(kafka, (admin) => endOf(admin, topic));
  const from = (partition: number): number => start.get(partition) ?? 0;
  const open = new Set(
    [...end].filter(([partition, offset]) => offset > from(partition)).map(([partition]) => partition),
  );
  if (open.size === 0) return [];
  const records: ReadRecord[] = [];
  const consumer = kafka.consumer({ groupId: `oracle-${Date.now()}-${Math.random()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  try {
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
      consumer
        .run({
          autoCommit: false,
          eachBatch: async ({ batch: { partition, messages } }) => {
            const bound = end.get(partition) ?? 0;
            for (const message of messages) {
              const offset = Number(message.offset);
              if (offset >= from(partition) && offset < bound) records.push({ partition, message });
              if (offset >= bound - 1) open.delete(partition);
            }
            if (open.size === 0) resolve();
          },
        })
        .catch(reject);
    });
    return records;
  } finally {
    await consumer.disconnect();
  }
}

export const header = (headers: IHeaders | undefined, name: string): string => headers?.[name]?.toString() ?? '';

/** Waits until the group has committed everything, and nothing more comes. */
export async function settled(kafka: Kafka, timeoutSeconds: number, report: (line: string) => void): Promise<void> {
  await withAdmin(kafka, async (admin) => {
    let before = '';
    await waitUntil({ what: 'lag 0', timeoutSeconds, intervalMs: 500, report }, async () => {
      const end = await endOf(admin, TOPIC);
      const [{ partitions }] = await admin.fetchOffsets({ groupId: GROUP, topics: [TOPIC] });
      const behind = partitions
        .map(({ partition, offset }) => ({ partition, lag: (end.get(partition) ?? 0) - Math.max(0, Number(offset)) }))
        .filter(({ lag }) => lag !== 0);
      const now = JSON.stringify([...end]);
      const moves = now !== before;
      before = now;
      if (behind.length > 0)
        return `behind: ${behind.map(({ partition, lag }) => `${partition} by ${lag}`).join(', ')}`;
      return moves ? 'the topic still grows' : undefined;
    });
  });
}

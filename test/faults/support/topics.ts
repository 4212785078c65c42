/** How far topics reach, and how far the processors are. */
import type { Admin, Kafka } from 'kafkajs';
import { waitUntil } from '../../rig/wait';
import type { Span } from './observed';

export const TOPIC = 'metals-prices';
export const DEAD_LETTERS = 'metals-prices.dlq';
export const GROUP = 'metals-processor';

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

/** What each partition holds now, by the broker's own count. */
export async function spansOf(admin: Admin, topic: string): Promise<Span[]> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.map(({ partition, low, high }) => ({ partition, low: Number(low), high: Number(high) }));
}

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

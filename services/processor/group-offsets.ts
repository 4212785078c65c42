import type { Kafka } from 'kafkajs';

export interface CommittedOffset {
  /** The offset to read next; undefined if the group has committed none. */
  readonly offset: bigint | undefined;
  readonly metadata: string | null;
}

/** What a group has committed for each partition of a topic. Rejects if the group or the topic may not be read. */
export async function fetchCommittedOffsets(
  kafka: Kafka,
  group: string,
  topic: string,
): Promise<ReadonlyMap<number, CommittedOffset>> {
  const admin = kafka.admin({ retry: { retries: 1 } });
  try {
    await admin.connect();
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return new Map(
      (committed?.partitions ?? []).map(({ partition, offset, metadata }) => [
        partition,
        { offset: BigInt(offset) < 0n ? undefined : BigInt(offset), metadata },
      ]),
    );
  } finally {
    await admin.disconnect();
  }
}

/** What is committed is the offset to read next. */
export const nextOffset = (lastOffset: string): string => (BigInt(lastOffset) + 1n).toString();

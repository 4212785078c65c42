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

/** The first record that is stamped later, or the end of the partition; undefined where the partition is not known. */
export async function firstOffsetAfter(
  kafka: Kafka,
  topic: string,
  partition: number,
  timeMs: number,
): Promise<number | undefined> {
  const admin = kafka.admin({ retry: { retries: 1 } });
  try {
    await admin.connect();
    const offsets = await admin.fetchTopicOffsetsByTimestamp(topic, timeMs + 1);
    const found = offsets.find((entry) => entry.partition === partition);
    return found && Number(found.offset);
  } finally {
    await admin.disconnect();
  }
}

/** What is committed is the offset to read next. */
export const nextOffset = (lastOffset: string): string => (BigInt(lastOffset) + 1n).toString();

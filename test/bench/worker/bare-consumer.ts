import { randomUUID } from 'node:crypto';
import { kafka } from './clients';
import { TOPIC, writeResult, type Job } from './job';

/** The limit of the client: kafkajs with the product's settings, counting and doing nothing else. */
export async function bareConsumer({ events = 0, partitions = 6 }: Job): Promise<void> {
  const consumer = kafka().consumer({
    groupId: `bench-${randomUUID()}`,
    maxWaitTimeInMs: 250,
    minBytes: 1,
    maxBytesPerPartition: 1_048_576,
    allowAutoTopicCreation: false,
  });
  await consumer.connect();
  await consumer.subscribe({ topics: [TOPIC], fromBeginning: true });
  let seen = 0;
  let first: { readonly atMs: number; readonly cpu: NodeJS.CpuUsage } | undefined;
  let finish = (): void => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  await consumer.run({
    partitionsConsumedConcurrently: partitions,
    eachBatch: async ({ batch }) => {
      first ??= { atMs: performance.now(), cpu: process.cpuUsage() };
      seen += batch.messages.length;
      if (seen >= events) finish();
    },
  });
  await finished;
  const seconds = (performance.now() - first!.atMs) / 1_000;
  const { user, system } = process.cpuUsage(first!.cpu);
  await consumer.disconnect();
  writeResult({ events: seen, seconds, perSecond: seen / seconds, cpuMicrosPerEvent: (user + system) / seen });
}

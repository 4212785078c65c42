import type { Admin, Kafka } from 'kafkajs';
import type { Logger } from '../common/log';

/** What tells one Kafka from another, whatever its address; undefined where it may not be asked. */
export async function clusterId(admin: Admin): Promise<string | undefined> {
  try {
    const { clusterId: id } = await admin.describeCluster();
    return id || undefined;
  } catch {
    return undefined;
  }
}

/** A deployment that moves to another Kafka reads from this line which one it has now: it never fails. */
export async function tellCluster(kafka: Kafka, logger: Logger): Promise<void> {
  const admin = kafka.admin({ retry: { retries: 2 } });
  const cluster = await admin
    .connect()
    .then(() => clusterId(admin))
    .catch(() => undefined);
  logger.info({ cluster }, 'Kafka is set up');
  await admin.disconnect().catch(() => undefined);
}

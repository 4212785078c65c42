import { createKafka } from '../common/kafka';
import type { Logger } from '../common/log';
import type { ToolsConfig } from './config';
import { waitFor } from './deadline';
import { requireInSync } from './replicas';

export const BROKERS_SECRETS = ['kafka-password-admin'];

/** Waits until every broker is there and in sync: only then may the next one be stopped. */
export async function awaitBrokers(config: ToolsConfig, password: string, logger: Logger): Promise<void> {
  const kafka = createKafka({
    clientId: 'metals-brokers',
    connection: { ...config.kafka, username: 'admin' },
    password,
    logger,
  });
  await waitFor({
    what: 'waiting for the brokers',
    deadlineMs: config.setup_deadline_seconds * 1_000,
    onWait: (reason, secondsLeft) => logger.info({ reason, seconds_left: secondsLeft }, 'waiting for the brokers'),
    action: async () => {
      const admin = kafka.admin({ retry: { retries: 2 } });
      await admin.connect();
      try {
        await requireInSync(admin, config.replication_factor);
      } finally {
        await admin.disconnect();
      }
    },
  });
}

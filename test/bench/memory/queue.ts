/** The producer's queue, full, while Kafka does not answer: prints one line of JSON. Arguments: its limit, events a request. */
import type { Kafka } from 'kafkajs';
import { pino } from 'pino';
import type { PriceEvent } from '../../../services/common/event';
import { UuidV7Generator } from '../../../services/common/uuid';
import { Publisher } from '../../../services/producer/publisher';

const ids = new UuidV7Generator();
/** The longest of each field, and strings of their own as a request brings them. */
const largest = (): PriceEvent =>
  JSON.parse(
    JSON.stringify({
      event_id: ids.next(),
      metal: 'm'.repeat(32),
      price: 1_234_567.123456,
      currency: 'USD',
      unit: 'troy_ounce',
      timestamp: new Date().toISOString(),
      source: 's'.repeat(64),
      schema_version: 1,
    }),
  ) as PriceEvent;

async function main(): Promise<void> {
  const [limit, size] = process.argv.slice(2).map(Number);
  const connected = { connect: async () => undefined, send: () => new Promise(() => undefined) };
  const publisher = new Publisher({
    kafka: { producer: () => connected } as unknown as Kafka,
    topic: 'metals-prices',
    partitionOf: () => 0,
    maxQueuedEvents: limit,
    maxBatchEvents: 500,
    logger: pino({ level: 'silent' }),
  });
  publisher.start();
  await new Promise((resolve) => setTimeout(resolve, 50));
  let refused = 0;
  // Twice as much as there is room for.
  for (let sent = 0; sent < 2 * limit; sent += size) {
    publisher.publish(Array.from({ length: size }, largest)).catch(() => (refused += size));
    if (sent % 5_000 < size) await new Promise((resolve) => setImmediate(resolve));
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1_024);
  process.stdout.write(`${JSON.stringify({ peakMb, queued: publisher.queued, refused })}\n`, () => process.exit(0));
}

main().catch((error) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
});

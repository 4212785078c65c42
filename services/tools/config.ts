import { z } from 'zod';
import { kafkaConnectionSchema } from '../common/kafka';
import { mongoConnectionSchema } from '../common/mongo';

const GIB = 2 ** 30;

const topicSchema = z.strictObject({
  name: z.string().min(1),
  partitions: z.int().min(1).max(1_000),
  retention_hours: z.number().positive(),
  max_message_bytes: z.int().min(1_024),
});

export const toolsConfigSchema = z.strictObject({
  log_level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  kafka: kafkaConnectionSchema.omit({ username: true }),
  mongodb: mongoConnectionSchema.omit({ username: true }),
  prices: topicSchema,
  dead_letters: topicSchema,
  /** Replicas of each partition, on brokers numbered from 1. */
  replication_factor: z.union([z.literal(1), z.literal(3)]).default(1),
  /** Disk that the records of all topics together may fill, in bytes; each partition gets the same share. */
  kafka_disk_bytes: z.int().min(GIB),
  /** How long a price stays in MongoDB after it was stored; 0 keeps it for ever. */
  price_retention_days: z.int().min(0).max(3_650).default(0),
  consumer_group: z.string().min(1).default('metals-processor'),
  /** How long `setup` waits for Kafka and MongoDB to take its logins. */
  setup_deadline_seconds: z.int().min(5).max(3_600).default(240),
  smoke: z
    .strictObject({
      producer_url: z.url(),
      processor_url: z.url(),
      step_deadline_seconds: z.int().min(1).max(600).default(60),
      metal: z.string().min(1).default('gold'),
      price: z.number().positive().default(1_850),
    })
    .prefault({ producer_url: 'http://edge:8000', processor_url: 'http://edge:8001' }),
});
export type ToolsConfig = z.infer<typeof toolsConfigSchema>;

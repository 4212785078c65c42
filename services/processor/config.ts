import { z } from 'zod';
import { kafkaConnectionSchema } from '../common/kafka';
import { mongoConnectionSchema } from '../common/mongo';

export const processorConfigSchema = z.strictObject({
  log_level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  kafka: kafkaConnectionSchema,
  topic: z.strictObject({ name: z.string().min(1), partitions: z.int().min(1).max(1_000) }),
  dead_letter_topic: z.string().min(1),
  consumer: z
    .strictObject({
      group: z.string().min(1).default('metals-processor'),
      session_timeout_ms: z.int().min(6_000).max(300_000).default(9_000),
      max_wait_ms: z.int().min(10).max(5_000).default(250),
      max_bytes_per_partition: z.int().min(1_024).max(16_777_216).default(1_048_576),
      /** What to do when the committed offset is no longer on the topic, because retention was shorter than an outage. */
      on_offset_out_of_range: z.enum(['stop', 'earliest']).default('stop'),
      /** Above this many records behind, the service calls itself degraded. */
      lag_degraded_records: z.int().min(1).default(100_000),
    })
    .prefault({}),
  mongodb: mongoConnectionSchema,
  write: z
    .strictObject({
      /** Documents in one insertMany. */
      max_documents: z.int().min(1).max(10_000).default(1_000),
      retry_base_ms: z.int().min(1).max(10_000).default(100),
      retry_max_ms: z.int().min(100).max(60_000).default(5_000),
    })
    .prefault({}),
  http: z.strictObject({ port: z.int().min(1).max(65_535).default(8_001) }).prefault({}),
  /** Well above the session timeout: after a full restart, members that are gone hold the group that long. */
  stuck_after_seconds: z.int().min(60).max(3_600).default(240),
  drain_timeout_seconds: z.int().min(1).max(600).default(20),
});

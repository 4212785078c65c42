import { z } from 'zod';
import { currencySchema, metalNameSchema, priceSchema, unitSchema } from '../common/event';
import { kafkaConnectionSchema } from '../common/kafka';

const metalSchema = z.strictObject({
  /** The partition that holds this metal: stated, because hashing eight names leaves partitions empty. */
  partition: z.int().min(0),
  /** Where the simulated walk starts and what it stays near. */
  price: priceSchema,
  unit: unitSchema.default('troy_ounce'),
});

export const producerConfigSchema = z
  .strictObject({
    log_level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    kafka: kafkaConnectionSchema,
    topic: z.strictObject({ name: z.string().min(1), partitions: z.int().min(1).max(1_000) }),
    http: z
      .strictObject({
        port: z.int().min(1).max(65_535).default(8_000),
        max_body_bytes: z.int().min(256).max(1_048_576).default(16_384),
        /** After this long the answer is 504: the outcome is then unknown. */
        answer_timeout_ms: z.int().min(1_000).max(120_000).default(25_000),
      })
      .prefault({}),
    queue: z
      .strictObject({
        max_events: z.int().min(1).max(1_000_000).default(10_000),
        max_batch_events: z.int().min(1).max(10_000).default(500),
      })
      .prefault({}),
    events: z
      .strictObject({
        currency: currencySchema.default('USD'),
        max_age_days: z.number().positive().max(3_650).default(30),
        max_future_seconds: z.int().min(0).max(86_400).default(300),
      })
      .prefault({}),
    feed: z
      .strictObject({
        /** 0 turns the feed off. */
        rate_per_second: z.number().min(0).max(10_000).default(1),
        seed: z.int().min(0).default(1),
        /** Standard deviation of one step, as a share of the price. */
        volatility: z.number().positive().max(0.1).default(0.0005),
      })
      .prefault({}),
    metals: z.record(metalNameSchema, metalSchema),
    stuck_after_seconds: z.int().min(60).max(3_600).default(180),
    drain_timeout_seconds: z.int().min(1).max(600).default(20),
  })
  .superRefine((config, context) => {
    const entries = Object.entries(config.metals);
    if (entries.length === 0)
      context.addIssue({ code: 'custom', path: ['metals'], message: 'name at least one metal' });
    for (const [name, { partition }] of entries) {
      if (partition < config.topic.partitions) continue;
      context.addIssue({
        code: 'custom',
        path: ['metals', name, 'partition'],
        message: `must be below topic.partitions (${config.topic.partitions})`,
      });
    }
  });
export type ProducerConfig = z.infer<typeof producerConfigSchema>;

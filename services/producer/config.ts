import { z } from 'zod';
import { currencySchema, eventSchema, metalNameSchema, priceSchema, unitSchema } from '../common/event';
import { kafkaConnectionSchema } from '../common/kafka';
import { leastBurst, MAX_FEED_RATE_PER_SECOND } from './feed-settings';

/** Of at most some 400 bytes each: a batch that goes to one partition stays well below what the broker takes at once. */
const MAX_BATCH_EVENTS = 2_500;

const metalSchema = z.strictObject({
  /** The partition that holds this metal: stated, because hashing eight names leaves partitions empty. */
  partition: z.int().min(0),
  /** Where the simulated walk starts and what it stays near. */
  price: priceSchema,
  unit: unitSchema.default('troy_ounce'),
});

/** Each kind has keys of its own, and refuses those of the other. */
const FEED_KEYS = {
  simulator: ['rate_per_second', 'burst_events', 'seed', 'volatility'],
  http: ['url', 'interval_seconds', 'timeout_seconds', 'max_response_bytes', 'source'],
} as const;

const feedConfigSchema = z
  .strictObject({
    kind: z.enum(['simulator', 'http']).default('simulator'),
    /** 0 turns the simulator off. Rate and burst can be changed at run time: docs/events.md. @default 0 */
    rate_per_second: z.number().min(0).max(MAX_FEED_RATE_PER_SECOND).optional(),
    /** How many events the simulator makes up for at once after a stall. @default one second's worth */
    burst_events: z.int().min(1).max(MAX_FEED_RATE_PER_SECOND).optional(),
    seed: z.int().min(0).optional(),
    /** Standard deviation of one step, as a share of the price. */
    volatility: z.number().positive().max(0.1).optional(),
    /** Answers with one object or an array in the form that POST /produce takes. */
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      // fetch refuses it, with an error that repeats the password.
      .refine(
        (url) => new URL(url).username === '' && new URL(url).password === '',
        'must not carry a user or password',
      )
      .optional(),
    interval_seconds: z.number().min(0.1).max(86_400).optional(),
    timeout_seconds: z.number().min(0.1).max(60).optional(),
    max_response_bytes: z.int().min(256).max(1_048_576).optional(),
    /** Who observed a price whose quote does not say. */
    source: z.string().regex(new RegExp(eventSchema.properties.source.pattern)).optional(),
  })
  .superRefine((feed, context) => {
    const others = feed.kind === 'http' ? FEED_KEYS.simulator : FEED_KEYS.http;
    for (const key of others) {
      if (feed[key] === undefined) continue;
      context.addIssue({ code: 'custom', path: [key], message: `must be absent: feed.kind is ${feed.kind}` });
    }
    const least = leastBurst(feed.rate_per_second ?? 0);
    if (feed.burst_events !== undefined && feed.burst_events < least) {
      context.addIssue({ code: 'custom', path: ['burst_events'], message: `must be at least ${least} at this rate` });
    }
    if (feed.kind === 'http' && feed.url === undefined) {
      context.addIssue({ code: 'custom', path: ['url'], message: 'is required: feed.kind is http' });
    }
  });

export const producerConfigSchema = z
  .strictObject({
    log_level: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
    kafka: kafkaConnectionSchema,
    topic: z.strictObject({ name: z.string().min(1), partitions: z.int().min(1).max(1_000) }),
    http: z
      .strictObject({
        port: z.int().min(1).max(65_535).default(8_000),
        max_body_bytes: z.int().min(256).max(1_048_576).default(262_144),
        max_array_events: z.int().min(1).max(MAX_BATCH_EVENTS).default(500),
        /** After this long the answer is 504: the outcome is then unknown. */
        answer_timeout_ms: z.int().min(1_000).max(120_000).default(25_000),
      })
      .prefault({}),
    queue: z
      .strictObject({
        /** The most that the memory of a replica (256 MB) has room for, beside 1,024 connections: npm run bench:memory. */
        max_events: z.int().min(1).max(50_000).default(10_000),
        max_batch_events: z.int().min(1).max(MAX_BATCH_EVENTS).default(500),
      })
      .prefault({}),
    events: z
      .strictObject({
        currency: currencySchema.default('USD'),
        max_age_days: z.number().positive().max(3_650).default(30),
        max_future_seconds: z.int().min(0).max(86_400).default(300),
      })
      .prefault({}),
    feed: feedConfigSchema.prefault({}),
    metals: z.record(metalNameSchema, metalSchema),
    stuck_after_seconds: z.int().min(60).max(3_600).default(180),
    /** Within drain_timeout_seconds: how long the edge may take to notice that this replica leaves. */
    leave_seconds: z.int().min(0).max(60).default(0),
    drain_timeout_seconds: z.int().min(1).max(600).default(20),
  })
  .superRefine((config, context) => {
    const entries = Object.entries(config.metals);
    if (config.leave_seconds >= config.drain_timeout_seconds)
      context.addIssue({
        code: 'custom',
        path: ['leave_seconds'],
        message: `must be below drain_timeout_seconds (${config.drain_timeout_seconds})`,
      });
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

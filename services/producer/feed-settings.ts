import { compileSchema } from '../common/event';
import { fieldProblems, invalidFields, shownValue } from '../common/field-problems';

export const MAX_FEED_RATE_PER_SECOND = 10_000;
/** How often the simulator publishes at most. */
export const TICK_MS = 50;

export interface FeedSettings {
  readonly rate_per_second: number;
  readonly burst_events: number;
}

/** Body of PUT /feed. */
export const feedSettingsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['rate_per_second'],
  properties: {
    rate_per_second: {
      type: 'number',
      minimum: 0,
      maximum: MAX_FEED_RATE_PER_SECOND,
      description: 'Simulated events per second of this replica; 0 pauses the feed.',
      examples: [50],
    },
    burst_events: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_FEED_RATE_PER_SECOND,
      description:
        "How many events the feed makes up for at once after a stall; more are dropped. Default: one second's worth.",
      examples: [50],
    },
  },
};
const validate = compileSchema<Pick<FeedSettings, 'rate_per_second'> & Partial<FeedSettings>>(feedSettingsSchema);

export function feedSettings(ratePerSecond: number, burstEvents?: number): FeedSettings {
  return { rate_per_second: ratePerSecond, burst_events: burstEvents ?? Math.max(1, Math.ceil(ratePerSecond)) };
}

/** Below this the feed could not keep its rate: each tick publishes one burst at most. */
export const leastBurst = (ratePerSecond: number): number => Math.max(1, Math.ceil((ratePerSecond * TICK_MS) / 1_000));

/** Turns the body of PUT /feed into settings, or throws a Problem that names every wrong field. */
export function readFeedSettings(body: unknown): FeedSettings {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    const allowed = 'a JSON object, such as {"rate_per_second":50,"burst_events":50}';
    throw invalidSettings([{ field: '(settings)', value: shownValue(body), allowed }]);
  }
  if (!validate(body)) throw invalidSettings(fieldProblems(validate.errors, body, feedSettingsSchema));
  const settings = feedSettings(body.rate_per_second, body.burst_events);
  const least = leastBurst(settings.rate_per_second);
  if (settings.burst_events >= least) return settings;
  const allowed = `at least ${least} at this rate: the feed publishes every ${TICK_MS} ms`;
  throw invalidSettings([{ field: 'burst_events', value: settings.burst_events, allowed }]);
}

const invalidSettings = (errors: Parameters<typeof invalidFields>[2]) =>
  invalidFields('invalid-feed', 'Invalid feed settings', errors);

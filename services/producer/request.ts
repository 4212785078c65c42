import { z } from 'zod';
import {
  currencySchema,
  eventIdSchema,
  MAX_PRICE,
  SCHEMA_VERSION,
  sourceSchema,
  timestampSchema,
  unitSchema,
  type PriceEvent,
} from '../common/event';
import { nearest } from '../common/nearest';
import { Problem, type FieldProblem } from '../common/problem';
import { uuidV7TimeMs } from '../common/uuid';
import type { ProducerConfig } from './config';

const DAY_MS = 86_400_000;

/** What a client sends; everything but `metal` and `price` has a default. */
const requestSchema = z.strictObject({
  metal: z.string(),
  price: z.number(),
  event_id: eventIdSchema.optional(),
  currency: currencySchema.optional(),
  unit: unitSchema.optional(),
  timestamp: timestampSchema.optional(),
  source: sourceSchema.optional(),
});
const FIELDS = Object.keys(requestSchema.shape);

export interface RequestContext {
  readonly config: Pick<ProducerConfig, 'metals' | 'events'>;
  readonly nextId: () => string;
  readonly nowMs: number;
}

/** Turns a request body into the event to send, or throws a Problem that names every wrong field. */
export function toEvent(body: unknown, context: RequestContext): PriceEvent {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([
      { field: '(body)', value: shown(body), allowed: 'one JSON object, such as {"metal":"gold","price":1850.00}' },
    ]);
  }
  const parsed = requestSchema.safeParse(body);
  const problems = parsed.success ? [] : parsed.error.issues.flatMap((issue) => explain(issue, body));
  const { metal, price } = body as Record<string, unknown>;
  const { metals, events } = context.config;
  if (typeof metal === 'string' && !Object.hasOwn(metals, metal)) {
    problems.push({ field: 'metal', value: shown(metal), allowed: `one of ${Object.keys(metals).join(', ')}` });
  }
  if (typeof price === 'number' && !(price > 0 && price <= MAX_PRICE)) {
    problems.push({ field: 'price', value: price, allowed: `more than 0 and at most ${MAX_PRICE}` });
  }
  if (!parsed.success || problems.length > 0) throw invalid(problems);

  const eventId = parsed.data.event_id ?? context.nextId();
  // From the id, not from the clock: a retry with the same id must be the same event.
  const observedMs = parsed.data.timestamp === undefined ? uuidV7TimeMs(eventId) : Date.parse(parsed.data.timestamp);
  const oldestMs = context.nowMs - events.max_age_days * DAY_MS;
  const newestMs = context.nowMs + events.max_future_seconds * 1_000;
  if (!(observedMs >= oldestMs && observedMs <= newestMs)) {
    const field = parsed.data.timestamp === undefined ? 'event_id' : 'timestamp';
    const window = `at most ${events.max_age_days} days old and ${events.max_future_seconds} s ahead`;
    throw invalid([{ field, value: parsed.data[field], allowed: `a time ${window}` }]);
  }
  return {
    event_id: eventId,
    metal: parsed.data.metal,
    price: parsed.data.price,
    currency: parsed.data.currency ?? events.currency,
    unit: parsed.data.unit ?? metals[parsed.data.metal].unit,
    timestamp: new Date(observedMs).toISOString(),
    source: parsed.data.source ?? 'api',
    schema_version: SCHEMA_VERSION,
  };
}

function explain(issue: z.core.$ZodIssue, body: object): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((field) => {
      const hint = nearest(field, FIELDS);
      return { field, allowed: `only ${FIELDS.join(', ')}${hint === undefined ? '' : ` (did you mean ${hint}?)`}` };
    });
  }
  const field = String(issue.path[0]);
  const value = (body as Record<string, unknown>)[field];
  return [{ field, value: shown(value), allowed: value === undefined ? 'it is required' : issue.message }];
}

/** A client's value is repeated to it, but never at length. */
function shown(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, 64);
  return typeof value === 'object' && value !== null ? (Array.isArray(value) ? 'an array' : 'an object') : value;
}

const invalid = (errors: readonly FieldProblem[]): Problem =>
  new Problem(
    400,
    'invalid-event',
    'Invalid event',
    errors.map(({ field, allowed }) => `${field}: ${allowed}`).join('; '),
    {
      errors,
    },
  );

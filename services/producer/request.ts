import type { ErrorObject } from 'ajv';
import { compileSchema, errorField, eventSchema, MAX_PRICE, SCHEMA_VERSION, type PriceEvent } from '../common/event';
import { nearest } from '../common/nearest';
import { Problem, type FieldProblem } from '../common/problem';
import { uuidV7TimeMs } from '../common/uuid';
import type { ProducerConfig } from './config';

const DAY_MS = 86_400_000;

/** What a client sends; everything but `metal` and `price` has a default. */
const { schema_version: _, ...fields } = eventSchema.properties;
export const requestSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['metal', 'price'],
  properties: fields,
};
const FIELDS = Object.keys(fields);

type Request = Pick<PriceEvent, 'metal' | 'price'> & Partial<Omit<PriceEvent, 'schema_version'>>;
const validateRequest = compileSchema<Request>(requestSchema);

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
  const problems = validateRequest(body) ? [] : (validateRequest.errors ?? []).map((error) => explain(error, body));
  const { metal } = body as Record<string, unknown>;
  const { metals, events } = context.config;
  if (typeof metal === 'string' && !problems.some(({ field }) => field === 'metal') && !Object.hasOwn(metals, metal)) {
    problems.push({ field: 'metal', value: shown(metal), allowed: `one of ${Object.keys(metals).join(', ')}` });
  }
  if (problems.length > 0) throw invalid(problems);
  const request = body as Request;

  const eventId = request.event_id ?? context.nextId();
  // From the id, not from the clock: a retry with the same id must be the same event.
  const observedMs = request.timestamp === undefined ? uuidV7TimeMs(eventId) : Date.parse(request.timestamp);
  const oldestMs = context.nowMs - events.max_age_days * DAY_MS;
  const newestMs = context.nowMs + events.max_future_seconds * 1_000;
  if (!(observedMs >= oldestMs && observedMs <= newestMs)) {
    const field = request.timestamp === undefined ? 'event_id' : 'timestamp';
    const window = `at most ${events.max_age_days} days old and ${events.max_future_seconds} s ahead`;
    throw invalid([{ field, value: request[field], allowed: `a time ${window}` }]);
  }
  return {
    event_id: eventId,
    metal: request.metal,
    price: request.price,
    currency: request.currency ?? events.currency,
    unit: request.unit ?? metals[request.metal].unit,
    timestamp: new Date(observedMs).toISOString(),
    source: request.source ?? 'api',
    schema_version: SCHEMA_VERSION,
  };
}

function explain(error: ErrorObject, body: object): FieldProblem {
  const field = errorField(error);
  if (error.keyword === 'additionalProperties') {
    const hint = nearest(field, FIELDS);
    return { field, allowed: `only ${FIELDS.join(', ')}${hint === undefined ? '' : ` (did you mean ${hint}?)`}` };
  }
  const value = (body as Record<string, unknown>)[field];
  const allowed = field === 'price' ? `more than 0 and at most ${MAX_PRICE}` : (error.message ?? error.keyword);
  return { field, value: shown(value), allowed: value === undefined ? 'it is required' : allowed };
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

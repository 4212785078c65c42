import { compileSchema, eventSchema, toEvent, type PriceEvent } from '../common/event';
import { fieldProblems, invalidFields, shownValue } from '../common/field-problems';
import type { FieldProblem, Problem } from '../common/problem';
import { uuidV7TimeMs } from '../common/uuid';
import type { ProducerConfig } from './config';

const DAY_MS = 86_400_000;

type EventConfig = Pick<ProducerConfig, 'metals' | 'events'>;
/** What a client sends; everything but `metal` and `price` has a default. */
type Request = Pick<PriceEvent, 'metal' | 'price'> & Partial<Omit<PriceEvent, 'schema_version'>>;

const timeWindow = ({ max_age_days, max_future_seconds }: EventConfig['events']): string =>
  `a time at most ${max_age_days} days old and ${max_future_seconds} s ahead`;

/** The event's schema without what the producer adds, and with the metals that this configuration takes. */
export function requestSchema({ metals, events }: EventConfig) {
  const { event_id, metal, price, currency, unit, timestamp, source } = eventSchema.properties;
  return {
    type: 'object',
    additionalProperties: false,
    required: ['metal', 'price'],
    properties: {
      metal: { type: 'string', enum: Object.keys(metals), description: metal.description },
      price,
      event_id,
      timestamp: { ...timestamp, description: `${timestamp.description} The producer takes ${timeWindow(events)}.` },
      currency: { ...currency, default: events.currency },
      unit,
      source: { ...source, default: 'api' },
    },
  };
}

export interface EventReaderOptions {
  readonly config: EventConfig;
  readonly nextId: () => string;
  readonly nowMs?: () => number;
  /** Who observed a price whose request does not say. @default api */
  readonly source?: string;
}

/** Turns what a client sends into the event to publish, or into a Problem that names every wrong field. */
export class EventReader {
  private readonly schema: ReturnType<typeof requestSchema>;
  private readonly validate: ReturnType<typeof compileSchema<Request>>;
  private readonly nowMs: () => number;
  private readonly source: string;

  constructor(private readonly options: EventReaderOptions) {
    this.schema = requestSchema(options.config);
    this.validate = compileSchema<Request>(this.schema);
    this.nowMs = options.nowMs ?? Date.now;
    this.source = options.source ?? 'api';
  }

  read(body: unknown): PriceEvent | Problem {
    if (typeof body !== 'object' || body === null || Array.isArray(body)) {
      const allowed = 'a JSON object, such as {"metal":"gold","price":1850.00}';
      return invalidEvent([{ field: '(event)', value: shownValue(body), allowed }]);
    }
    const { validate } = this;
    if (!validate(body)) return invalidEvent(fieldProblems(validate.errors, body, this.schema));
    const { metals, events } = this.options.config;
    const eventId = body.event_id ?? this.options.nextId();
    // From the id, not from the clock: a retry with the same id must be the same event.
    const observedMs = body.timestamp === undefined ? uuidV7TimeMs(eventId) : Date.parse(body.timestamp);
    const field = body.timestamp === undefined ? 'event_id' : 'timestamp';
    // A time of our own is not the client's to correct, however wrong our clock is.
    const isStated = body[field] !== undefined;
    if (isStated && !this.isInWindow(observedMs)) {
      return invalidEvent([{ field, value: shownValue(body[field]), allowed: timeWindow(events) }]);
    }
    const defaults = { currency: events.currency, unit: metals[body.metal].unit, source: this.source };
    const filledIn = Object.entries(defaults).filter(([name]) => body[name as keyof typeof defaults] === undefined);
    const stated = { ...body, event_id: eventId, timestamp: new Date(observedMs).toISOString() };
    return toEvent(stated, Object.fromEntries(filledIn));
  }

  private isInWindow(observedMs: number): boolean {
    const { max_age_days, max_future_seconds } = this.options.config.events;
    const nowMs = this.nowMs();
    return observedMs >= nowMs - max_age_days * DAY_MS && observedMs <= nowMs + max_future_seconds * 1_000;
  }
}

const invalidEvent = (errors: readonly FieldProblem[]): Problem =>
  invalidFields('invalid-event', 'Invalid event', errors);

import { hash } from 'node:crypto';
import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import eventSchema from './price-event.schema.json';

export { eventSchema };
export const SCHEMA_VERSION = eventSchema.properties.schema_version.const;

/** A price event as it travels on the topic; price-event.schema.json says what each field may hold. */
export interface PriceEvent {
  readonly event_id: string;
  readonly metal: string;
  readonly price: number;
  readonly currency: string;
  readonly unit: string;
  readonly timestamp: string;
  readonly source: string;
  readonly schema_version: number;
}

/** Fragments for the services' own configuration, so that it cannot allow what the schema refuses. */
const { metal, price, currency, unit } = eventSchema.properties;
export const metalNameSchema = z.string().regex(new RegExp(metal.pattern), 'must be a lower-case name');
export const priceSchema = z.number().min(price.minimum).max(price.maximum);
export const currencySchema = z
  .string()
  .regex(new RegExp(currency.pattern), 'must be three capital letters (ISO 4217)');
export const unitSchema = z.enum(unit.enum as [string, ...string[]]);

/** Compiles a JSON Schema (2020-12) that says all that is wrong with a value, not only the first. */
export function compileSchema<T>(schema: object): ValidateFunction<T> {
  const ajv = new Ajv2020({ allErrors: true, verbose: true });
  addFormats(ajv, ['date-time']);
  return ajv.compile<T>(schema);
}

/** Tells whether a value is a price event; `validateEvent.errors` then holds what is wrong. */
export const validateEvent = compileSchema<PriceEvent>(eventSchema);

/** `field: what is allowed`, one for each error. */
export function explainErrors(errors: readonly ErrorObject[] | null | undefined): string[] {
  return (errors ?? []).map((error) => `${errorField(error)}: ${error.message ?? error.keyword}`);
}

/** The field that an error is about: also where it is missing, or is there and should not be. */
export function errorField({ instancePath, params }: ErrorObject): string {
  const path = instancePath.slice(1).replaceAll('/', '.');
  const name = (params.missingProperty ?? params.additionalProperty) as string | undefined;
  return [path, name].filter(Boolean).join('.') || '(value)';
}

/** What a producer fills in by its configuration, which an update may change. */
const CONFIGURED = ['currency', 'unit', 'source'] as const;

/**
 * The event in the form that it has on the topic: what the client stated stands before the version, what the producer
 * filled in behind it. A field of its own would be refused by the processors of before, which run on during an update.
 */
export function toEvent(stated: Partial<PriceEvent>, filledIn: Partial<PriceEvent>): PriceEvent {
  return { ...stated, schema_version: SCHEMA_VERSION, ...filledIn } as PriceEvent;
}

/**
 * Of what a client sent, without what its producer filled in: the same body is the same event whatever the defaults are
 * by then. Undefined where nothing was filled in, or where the order on the topic does not tell.
 */
export function sentHash(event: PriceEvent): string | undefined {
  const names = Object.keys(event);
  const filledIn = names.slice(names.indexOf('schema_version') + 1);
  const unstated = CONFIGURED.filter((name) => filledIn.includes(name));
  if (unstated.length === 0) return undefined;
  return contentHash({ ...event, ...Object.fromEntries(unstated.map((name) => [name, ''])) });
}

/**
 * Tells whether two events with one id are the same: a hash of the event as sent. Derived fields (ingestion time,
 * coordinates, price change) stay out of it, so that a record that is read twice equals itself.
 */
export function contentHash(event: PriceEvent): string {
  const canonical = JSON.stringify([
    event.event_id,
    event.metal,
    event.price,
    event.currency,
    event.unit,
    event.timestamp,
    event.source,
    event.schema_version,
  ]);
  return hash('sha256', canonical, 'base64url');
}

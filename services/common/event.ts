import { createHash } from 'node:crypto';
import { z } from 'zod';
import { isUuidV7 } from './uuid';

export const SCHEMA_VERSION = 1;
/** No metal costs more per unit; a larger figure is a mistake. */
export const MAX_PRICE = 10_000_000;

export const eventIdSchema = z.string().refine(isUuidV7, 'must be a version 7 UUID in lower case');
export const metalNameSchema = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/, 'must be a lower-case name');
export const priceSchema = z.number().positive().max(MAX_PRICE);
export const currencySchema = z.string().regex(/^[A-Z]{3}$/, 'must be three capital letters (ISO 4217)');
export const unitSchema = z.enum(['troy_ounce', 'kilogram', 'tonne']);
export const timestampSchema = z.iso.datetime({
  offset: true,
  error: 'must be ISO 8601, such as 2026-01-31T12:00:00Z',
});
export const sourceSchema = z.string().regex(/^[a-z0-9][a-z0-9_.:-]{0,63}$/, 'must be a lower-case name');

/** A price event as it travels on the topic. */
export const eventSchema = z.strictObject({
  event_id: eventIdSchema,
  metal: metalNameSchema,
  price: priceSchema,
  currency: currencySchema,
  unit: unitSchema,
  timestamp: timestampSchema,
  source: sourceSchema,
  schema_version: z.literal(SCHEMA_VERSION),
});
export type PriceEvent = z.infer<typeof eventSchema>;

/**
 * Tells whether two events with one id are the same: a hash of the event as sent. Derived fields (ingestion time,
 * coordinates) stay out of it, so that a record that is read twice equals itself.
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
  return createHash('sha256').update(canonical).digest('base64url');
}

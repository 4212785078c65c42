import { isUtf8 } from 'node:buffer';
import { contentHash, explainErrors, SCHEMA_VERSION, sentHash, validateEvent, type PriceEvent } from '../common/event';
import type { LastPrices, PriceChange } from './last-prices';

/** Where a record stands on the topic. */
export interface Coordinates {
  readonly topic: string;
  readonly partition: number;
  readonly offset: string;
}

/** A record as the consumer hands it over. */
export interface SourceRecord extends Coordinates {
  /** When the broker appended it, in ms since 1970; of one that was there before the topic stamped them, by its producer. */
  readonly appendedMs: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Why nobody could read it: it then stands for a whole batch, or what is left of one, from its offset on. */
  readonly unreadable?: string;
}

/** A price as it is stored; `_id` makes a second insert of the same event harmless. */
export interface PriceDocument {
  readonly _id: string;
  readonly metal: string;
  readonly price: number;
  readonly currency: string;
  readonly unit: string;
  readonly timestamp: Date;
  readonly source: string;
  readonly schema_version: number;
  /** Against the metal's previous price; absent if there is none, or if this event is not newer. */
  readonly change?: PriceChange;
  /** Of the event as sent: tells a repetition from another event with the same id. */
  readonly content_hash: string;
  /** Of what the client sent, where the producer filled in some of it: an update may have changed the defaults meanwhile. */
  readonly sent_hash?: string;
  readonly ingested_at: Date;
  readonly kafka: { readonly topic: string; readonly partition: number; readonly offset: number };
}

export type DeadLetterReason =
  | 'unreadable-batch'
  | 'too-large'
  | 'empty-value'
  | 'not-utf-8'
  | 'not-json'
  | 'unknown-schema-version'
  | 'invalid-event'
  | 'key-mismatch'
  | 'id-conflict'
  | 'write-refused';

export type Decision =
  | { readonly kind: 'document'; readonly document: PriceDocument }
  | { readonly kind: 'dead-letter'; readonly reason: DeadLetterReason; readonly detail: string };

const MAX_DETAIL_CHARACTERS = 500;
/** Errors that are put into words: a value may have thousands, and the detail has room for a few. */
const MAX_EXPLAINED_ERRORS = 10;
/**
 * Of key and value. The longest event has some 400 bytes; a larger record is not parsed, so that none costs more than
 * some milliseconds.
 */
const MAX_RECORD_BYTES = 16_384;

/** Decides what becomes of one record; whatever is not a valid event is a dead letter, with the reason. */
export function decide(record: SourceRecord, ingestedAt: Date, last: LastPrices): Decision {
  if (record.unreadable !== undefined) return deadLetter('unreadable-batch', record.unreadable);
  if (record.value === null || record.value.length === 0) return deadLetter('empty-value', 'the record has no value');
  const bytes = record.value.length + (record.key?.length ?? 0);
  if (bytes > MAX_RECORD_BYTES) {
    return deadLetter('too-large', `key and value have ${bytes} bytes, at most ${MAX_RECORD_BYTES} are read`);
  }
  if (!isUtf8(record.value)) return deadLetter('not-utf-8', 'the value is not valid UTF-8');
  let value: unknown;
  try {
    value = JSON.parse(record.value.toString('utf8'));
  } catch (error) {
    return deadLetter('not-json', (error as Error).message);
  }
  const version = (value as { schema_version?: unknown } | null)?.schema_version;
  if (typeof version === 'number' && version !== SCHEMA_VERSION) {
    return deadLetter('unknown-schema-version', `schema_version is ${version}, known is ${SCHEMA_VERSION}`);
  }
  if (!validateEvent(value)) {
    const errors = validateEvent.errors?.slice(0, MAX_EXPLAINED_ERRORS);
    // It holds the value, and would until the next record that is wrong.
    validateEvent.errors = null;
    return deadLetter('invalid-event', explainErrors(errors).join('; '));
  }
  const timestamp = new Date(value.timestamp);
  // A leap second is valid RFC 3339, and no Date holds it.
  if (Number.isNaN(timestamp.getTime())) return deadLetter('invalid-event', 'timestamp: is not a moment');
  const key = record.key?.toString('utf8');
  if (key !== undefined && key !== value.event_id) {
    return deadLetter('key-mismatch', `key is ${JSON.stringify(key.slice(0, 64))}, event_id is ${value.event_id}`);
  }
  const change = last.observe(value, timestamp.getTime(), record.appendedMs);
  return { kind: 'document', document: toDocument(value, timestamp, change, record, ingestedAt) };
}

function toDocument(
  event: PriceEvent,
  timestamp: Date,
  change: PriceChange | undefined,
  at: Coordinates,
  ingestedAt: Date,
): PriceDocument {
  const sent_hash = sentHash(event);
  return {
    _id: event.event_id,
    metal: event.metal,
    price: event.price,
    currency: event.currency,
    unit: event.unit,
    timestamp,
    source: event.source,
    schema_version: event.schema_version,
    ...(change && { change }),
    content_hash: contentHash(event),
    ...(sent_hash !== undefined && { sent_hash }),
    ingested_at: ingestedAt,
    kafka: { topic: at.topic, partition: at.partition, offset: Number(at.offset) },
  };
}

const deadLetter = (reason: DeadLetterReason, detail: string): Decision => ({
  kind: 'dead-letter',
  reason,
  detail: shorten(detail, MAX_DETAIL_CHARACTERS),
});

/** A copy: a part of a string keeps the whole of it in memory, and letters may wait for long. */
const shorten = (text: string, characters: number): string =>
  text.length <= characters ? text : Buffer.from(text.slice(0, characters)).toString('utf8');

import { isUtf8 } from 'node:buffer';
import type { IHeaders } from 'kafkajs';

const MAX_DETAIL_CHARACTERS = 500;
const MAX_HEADER_CHARACTERS = 64;
const MAX_KEY_CHARACTERS = 500;
const MAX_LISTED_DETAIL_CHARACTERS = 200;
/** Of a value as it is shown, so that its line fits what Docker keeps in one piece (16 KiB). */
const MAX_SHOWN_CHARACTERS = 10_000;
/** The reason whose record had a key for certain. */
const KEY_MISMATCH = 'key-mismatch';
/** The reason that stands for a batch, of which the letter has no bytes. */
const UNREADABLE_BATCH = 'unreadable-batch';

/** A record of the dead-letter topic, as it is read. */
export interface LetterRecord {
  readonly offset: number;
  readonly timestampMs: number;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

export interface Letter {
  readonly offset: number;
  readonly timestampMs: number;
  readonly reason: string;
  readonly detail: string;
  /** What a header does not say is undefined. */
  readonly sourceTopic?: string;
  readonly sourcePartition?: number;
  readonly sourceOffset?: number;
  /** Key of the original record; null if it had none, or if the processor that wrote the letter did not keep it. */
  readonly sourceKey: Buffer | null;
  readonly failedAt?: string;
  readonly processorVersion?: string;
  readonly value: Buffer | null;
}

export function readLetter({ offset, timestampMs, value, headers }: LetterRecord): Letter {
  const text = (name: string, length = MAX_HEADER_CHARACTERS): string | undefined =>
    bytesOf(headers, name)?.toString('utf8').slice(0, length);
  return {
    offset,
    timestampMs,
    reason: text('metals-reason') ?? 'unknown',
    detail: text('metals-detail', MAX_DETAIL_CHARACTERS) ?? '',
    sourceTopic: text('metals-source-topic'),
    sourcePartition: wholeNumber(text('metals-source-partition')),
    sourceOffset: wholeNumber(text('metals-source-offset')),
    sourceKey: bytesOf(headers, 'metals-source-key') ?? null,
    failedAt: text('metals-failed-at'),
    processorVersion: text('metals-processor-version'),
    value,
  };
}

function bytesOf(headers: IHeaders, name: string): Buffer | undefined {
  const found = [headers[name]].flat()[0];
  return found === undefined ? undefined : Buffer.from(found);
}

const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** One line of the list. */
export function listedLetter(letter: Letter): object {
  return {
    offset: letter.offset,
    time: new Date(letter.timestampMs).toISOString(),
    reason: letter.reason,
    ...readableFields(letter.value),
    ...coordinates(letter),
    detail: letter.detail.slice(0, MAX_LISTED_DETAIL_CHARACTERS),
  };
}

/** Everything about one letter; a value that is too long is cut, and its true size said. */
export function shownLetter(letter: Letter): object {
  return {
    offset: letter.offset,
    time: new Date(letter.timestampMs).toISOString(),
    reason: letter.reason,
    ...readableFields(letter.value),
    ...coordinates(letter),
    detail: letter.detail,
    source_key: letter.sourceKey && shownBytes(letter.sourceKey, MAX_KEY_CHARACTERS),
    failed_at: letter.failedAt ?? null,
    processor_version: letter.processorVersion ?? null,
    value: letter.value && shownBytes(letter.value, MAX_SHOWN_CHARACTERS),
  };
}

const coordinates = (letter: Letter): object => ({
  source_topic: letter.sourceTopic ?? null,
  source_partition: letter.sourcePartition ?? null,
  source_offset: letter.sourceOffset ?? null,
});

/** Bytes as text if they are valid UTF-8, otherwise as base64; `limit` is in characters of the JSON that carries them. */
export function shownBytes(
  bytes: Buffer,
  limit: number,
): { encoding: string; data: string; bytes: number; cut: boolean } {
  if (!isUtf8(bytes)) {
    const whole = bytes.toString('base64');
    // Base64 is cut between groups of four, so that what is left can be decoded.
    const data = whole.slice(0, limit - (limit % 4));
    return { encoding: 'base64', data, bytes: bytes.length, cut: data.length < whole.length };
  }
  const whole = bytes.toString('utf8');
  let data = '';
  let used = 0;
  for (const character of whole) {
    used += asciiJson(character).length - 2;
    if (used > limit) break;
    data += character;
  }
  return { encoding: 'utf-8', data, bytes: bytes.length, cut: data.length < whole.length };
}

/** JSON without a single byte outside ASCII: as many characters as bytes, and nothing that a terminal would obey. */
export const asciiJson = (value: unknown): string =>
  JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** What of the event can be read, however wrong the rest may be. */
function readableFields(value: Buffer | null): { event_id: string | null; metal: string | null } {
  const nothing = { event_id: null, metal: null };
  if (value === null || !isUtf8(value)) return nothing;
  try {
    const event = JSON.parse(value.toString('utf8')) as Record<string, unknown> | null;
    const field = (name: string): string | null =>
      typeof event?.[name] === 'string' ? (event[name] as string).slice(0, MAX_HEADER_CHARACTERS) : null;
    return { event_id: field('event_id'), metal: field('metal') };
  } catch {
    return nothing;
  }
}

export type ReplayPlan = { readonly partition: number } | { readonly refused: string };

/** Where a letter goes back to, or why it cannot: only the topic of prices is written to, and only a record as it was. */
export function planReplay(letter: Letter, topic: string, partitions: number): ReplayPlan {
  if (letter.sourceTopic === undefined || letter.sourcePartition === undefined) {
    return { refused: 'it does not say where it came from, so no processor wrote it' };
  }
  if (letter.sourceTopic !== topic) return { refused: `it came from topic ${letter.sourceTopic}, not from ${topic}` };
  if (letter.sourcePartition >= partitions) {
    return { refused: `it came from partition ${letter.sourcePartition}, and ${topic} has ${partitions}` };
  }
  if (letter.reason === UNREADABLE_BATCH) {
    return { refused: 'it stands for records that could not be read, and has no bytes of theirs' };
  }
  if (letter.reason === KEY_MISMATCH && letter.sourceKey === null) {
    return { refused: 'the processor that wrote it did not keep the key, so it cannot be sent as it was' };
  }
  return { partition: letter.sourcePartition };
}

/** Whether `change` of every document is what docs/events.md says, worked out from the documents alone. Pure. */
import type { StoredDocument } from './observed';

interface Last {
  readonly price: number;
  readonly timeMs: number;
}

/**
 * So far ahead of the processor's clock, or of the moment in its id, an event may count with an earlier time for those
 * that follow, or not at all, and need not.
 */
const AHEAD_MS = { ofClock: 5_000, ofId: 1_000 };
const UUID_V7 = /^([0-9a-f]{8})-([0-9a-f]{4})-7/;
/** To six decimals. */
const TOLERANCE = 1e-6;

export interface WrongChange {
  readonly source: string;
  readonly text: string;
}

/**
 * The documents of a store, all of them: a change refers to the newest stored price before it on the topic. Returns
 * those that say otherwise.
 */
export function wrongChanges(documents: readonly StoredDocument[]): WrongChange[] {
  const kinds = new Map<string, StoredDocument[]>();
  for (const document of documents) {
    const { kafka, metal, currency, unit } = document;
    const kind = [kafka.partition, metal, currency, unit].join(' ');
    const same = kinds.get(kind);
    if (same === undefined) kinds.set(kind, [document]);
    else same.push(document);
  }
  return [...kinds.values()].flatMap(judgeKind);
}

function judgeKind(documents: readonly StoredDocument[]): WrongChange[] {
  const wrong: WrongChange[] = [];
  // More than one, where it is left open whether an event was to count.
  let candidates: readonly (Last | undefined)[] = [undefined];
  for (const document of [...documents].sort((left, right) => left.kafka.offset - right.kafka.offset)) {
    const timeMs = document.timestamp.getTime();
    const idMs = momentOf(document._id) ?? Infinity;
    const ahead = timeMs > document.ingested_at.getTime() + AHEAD_MS.ofClock || timeMs > idMs + AHEAD_MS.ofId;
    const agreeing = candidates.filter((last) => agrees(document, last));
    if (agreeing.length === 0 && !(ahead && document.change === undefined)) {
      const text = `${JSON.stringify(document.change)}, after ${candidates.map(show).join(' or ')}`;
      wrong.push({ source: document.source, text });
    }
    const seen = agreeing.length > 0 ? agreeing : candidates;
    const after = seen.map((last) =>
      last !== undefined && timeMs <= last.timeMs ? last : { price: document.price, timeMs },
    );
    candidates = distinct(
      ahead ? [...seen, ...after, { price: document.price, timeMs: Math.min(idMs, timeMs) }] : after,
    );
  }
  return wrong;
}

function agrees({ price, timestamp, change }: StoredDocument, last: Last | undefined): boolean {
  if (last === undefined || timestamp.getTime() <= last.timeMs) return change === undefined;
  const percent = ((price - last.price) / last.price) * 100;
  // What no number can say is left out.
  if (change === undefined) return !Number.isFinite(percent);
  const isNear = (value: number, expected: number): boolean =>
    Math.abs(value - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));
  return (
    change.previous_price === last.price &&
    isNear(change.amount, price - last.price) &&
    (change.percent === undefined ? !Number.isFinite(percent) : isNear(change.percent, percent))
  );
}

function momentOf(id: string): number | undefined {
  const match = UUID_V7.exec(id);
  return match === null ? undefined : parseInt(match[1] + match[2], 16);
}

const show = (last: Last | undefined): string => (last === undefined ? 'none' : String(last.price));

function distinct(candidates: readonly (Last | undefined)[]): readonly (Last | undefined)[] {
  return [...new Map(candidates.map((last) => [`${last?.price} ${last?.timeMs}`, last])).values()];
}

/** Whether `change` of every document is what docs/events.md says, worked out from documents and records alone. Pure. */
import { at, type StoredDocument, type TopicRecord } from './observed';

interface Last {
  readonly price: number;
  readonly timeMs: number;
}

/** To six decimals. */
const TOLERANCE = 1e-6;

export interface WrongChange {
  readonly source: string;
  readonly text: string;
}

/**
 * The documents of a store, all of them, and the records that they were made of: a change refers to the newest stored
 * price before it on the topic. Returns those that say otherwise, and those whose record is not there.
 */
export function wrongChanges(documents: readonly StoredDocument[], records: readonly TopicRecord[]): WrongChange[] {
  const appendedMs = new Map(records.map((record) => [at(record), record.timeMs]));
  const kinds = new Map<string, StoredDocument[]>();
  for (const document of documents) {
    const { kafka, metal, currency, unit } = document;
    const kind = [kafka.partition, metal, currency, unit].join(' ');
    const same = kinds.get(kind);
    if (same === undefined) kinds.set(kind, [document]);
    else same.push(document);
  }
  return [...kinds.values()].flatMap((kind) => judgeKind(kind, appendedMs));
}

function judgeKind(documents: readonly StoredDocument[], appendedMs: ReadonlyMap<string, number>): WrongChange[] {
  const wrong: WrongChange[] = [];
  let last: Last | undefined;
  for (const document of [...documents].sort((left, right) => left.kafka.offset - right.kafka.offset)) {
    const { source, change, price, kafka } = document;
    const appended = appendedMs.get(at(kafka));
    if (appended === undefined) {
      wrong.push({ source, text: `no record at ${at(kafka)}` });
      continue;
    }
    const timeMs = document.timestamp.getTime();
    // One that the broker stamped later than it stamps now is of a clock that has been set back.
    const isNewer = last === undefined || timeMs > last.timeMs || last.timeMs > appended;
    if (!agrees(document, isNewer ? last : undefined)) {
      wrong.push({ source, text: `${JSON.stringify(change)}, after ${last === undefined ? 'none' : last.price}` });
    }
    // Ahead of the broker's clock it counts as that, or nothing would be newer until then.
    if (isNewer) last = { price, timeMs: Math.min(timeMs, appended) };
  }
  return wrong;
}

function agrees({ price, change }: StoredDocument, last: Last | undefined): boolean {
  if (last === undefined) return change === undefined;
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

/** What was committed at some moment, against what was stored or a dead letter by then. Pure. */
import { at, type Letter, type Samples, type Span, type StoredDocument, type TopicRecord } from './observed';

export interface Covered {
  readonly records: readonly TopicRecord[];
  readonly letters: readonly Letter[];
  /** The document that a record has become, or whose repetition it is. */
  readonly documentOf: (record: TopicRecord) => StoredDocument | undefined;
}

/** Records that were committed before they were safe, each named once. */
export function committedEarly({ samples, firstSeen }: Samples, { records, letters, documentOf }: Covered): string[] {
  const letterOffset = new Map<string, number>();
  for (const letter of letters) {
    const key = at(letter);
    letterOffset.set(key, Math.min(letter.letterOffset, letterOffset.get(key) ?? Infinity));
  }
  return records.flatMap((record) => {
    const index = samples.findIndex(({ committed }) => (committed.get(record.partition) ?? 0) > record.offset);
    if (index < 0) return [];
    const document = documentOf(record);
    const isStored = document !== undefined && (firstSeen.get(document._id) ?? Infinity) <= index;
    const isLetter = (letterOffset.get(at(record)) ?? Infinity) < samples[index].lettersEnd;
    return isStored || isLetter ? [] : [at(record)];
  });
}

/** Offsets that the broker counts and that hold no record: a line for the partition, or none. */
export function unread({ partition, low, high }: Span, records: readonly TopicRecord[]): string[] {
  const offsets = new Set(records.filter((record) => record.partition === partition).map(({ offset }) => offset));
  const missing = high - low - offsets.size;
  if (missing === 0) return [];
  const first = Array.from({ length: high - low }, (_, n) => low + n).find((offset) => !offsets.has(offset));
  return [`${missing} of ${high - low} of partition ${partition}, the first is ${first}`];
}

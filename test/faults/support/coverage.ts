/** What was committed at some moment, against what was stored or a dead letter by then. Pure. */
import type { Coordinates, Letter, StoredDocument, TopicRecord } from './oracle';

export interface Sample {
  /** The offset to read next, of each partition that the group has committed. */
  readonly committed: ReadonlyMap<number, number>;
  /** The end of the topic of dead letters; read after `committed`. */
  readonly lettersEnd: number;
}

/** In the order of time; documents and dead letters are never taken away. */
export interface Samples {
  readonly samples: readonly Sample[];
  /** The number of the first sample, counted from 0, in which a document was there, by its `_id`. */
  readonly firstSeen: ReadonlyMap<string, number>;
}

export interface Covered {
  readonly records: readonly TopicRecord[];
  readonly letters: readonly Letter[];
  /** The document that a record has become, or whose repetition it is. */
  readonly documentOf: (record: TopicRecord) => StoredDocument | undefined;
}

const at = ({ partition, offset }: Coordinates): string => `${partition}/${offset}`;

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

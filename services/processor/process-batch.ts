import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LastPrices } from './last-prices';
import { decide, type DeadLetterReason, type PriceDocument, type SourceRecord } from './record';
import { storedPrices, together, type StoredPrices } from './settle';
import type { StoreResult } from './store';

export interface DeadLetter {
  readonly record: SourceRecord;
  readonly reason: DeadLetterReason;
  readonly detail: string;
}

/** Both resolve only once what they were given is safe, however long that takes; they reject when the service stops. */
export interface ProcessDeps {
  readonly store: (documents: readonly PriceDocument[]) => Promise<StoreResult>;
  readonly deadLetter: (letters: readonly DeadLetter[]) => Promise<void>;
  readonly now: () => Date;
  /** Hears of records that are safe. */
  readonly onSafe: (result: BatchResult) => void;
  /**
   * Records that are read before anything else gets its turn: an answer of MongoDB must not wait for a whole batch. Fewer
   * where they take longer than `sliceMs`.
   */
  readonly sliceRecords: number;
  readonly sliceMs: number;
}

export interface BatchResult {
  readonly inserted: number;
  readonly repeated: number;
  readonly deadLetters: readonly DeadLetter[];
}

interface Slice {
  readonly documents: readonly PriceDocument[];
  /** Of each document, the record that it was made of. */
  readonly origins: readonly SourceRecord[];
  readonly letters: readonly DeadLetter[];
}

/**
 * Makes a document or a dead letter of every record. Calls `read` when all are read, while they are still being
 * written; once it resolves and the changes are right, the offsets may be committed.
 */
export async function processBatch(
  records: readonly SourceRecord[],
  last: LastPrices,
  read: () => void,
  deps: ProcessDeps,
): Promise<StoredPrices> {
  const slices: Promise<StoredPrices>[] = [];
  for (let start = 0; start < records.length;) {
    if (start > 0) await nextTurn();
    const slice = readSlice(records, start, last, deps);
    start += slice.documents.length + slice.letters.length;
    const finished = finishSlice(slice, deps);
    // Awaited below: one that fails while others are still read must not end the process.
    finished.catch(() => undefined);
    slices.push(finished);
  }
  read();
  return together(await Promise.all(slices));
}

function readSlice(
  records: readonly SourceRecord[],
  start: number,
  last: LastPrices,
  { now, sliceRecords, sliceMs }: ProcessDeps,
): Slice {
  const documents: PriceDocument[] = [];
  const origins: SourceRecord[] = [];
  const letters: DeadLetter[] = [];
  const ingestedAt = now();
  const deadline = performance.now() + sliceMs;
  for (let at = start; at < Math.min(records.length, start + sliceRecords); at += 1) {
    const record = records[at];
    const decision = decide(record, ingestedAt, last);
    if (decision.kind === 'document') {
      documents.push(decision.document);
      origins.push(record);
    } else {
      letters.push({ record, reason: decision.reason, detail: decision.detail });
    }
    if (performance.now() >= deadline) break;
  }
  return { documents, origins, letters };
}

async function finishSlice({ documents, origins, letters }: Slice, deps: ProcessDeps): Promise<StoredPrices> {
  const nothing = { inserted: 0, repeated: [], refused: [] };
  const stored = documents.length > 0 ? await deps.store(documents) : nothing;
  // crash-point: after-write
  const refused = stored.refused.map(({ document, reason, detail }) => {
    const record = origins[documents.indexOf(document)];
    if (record === undefined) throw new Error(`the store refused ${document._id}, which it was not given`);
    return { record, reason, detail };
  });
  const deadLetters = [...letters, ...refused];
  if (deadLetters.length > 0) await deps.deadLetter(deadLetters);
  deps.onSafe({ inserted: stored.inserted, repeated: stored.repeated.length, deadLetters });
  return storedPrices(documents, origins, stored);
}

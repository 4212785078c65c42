import { decide, type DeadLetterReason, type PriceDocument, type SourceRecord } from './record';
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
}

export interface BatchResult {
  readonly inserted: number;
  readonly repeated: number;
  readonly deadLetters: readonly DeadLetter[];
}

/** Makes a document or a dead letter of every record. Once it resolves, the offsets may be committed. */
export async function processBatch(records: readonly SourceRecord[], deps: ProcessDeps): Promise<BatchResult> {
  const ingestedAt = deps.now();
  const documents: PriceDocument[] = [];
  const origin = new Map<PriceDocument, SourceRecord>();
  const letters: DeadLetter[] = [];
  for (const record of records) {
    const decision = decide(record, ingestedAt);
    if (decision.kind === 'document') {
      documents.push(decision.document);
      origin.set(decision.document, record);
    } else {
      letters.push({ record, reason: decision.reason, detail: decision.detail });
    }
  }
  const stored = documents.length > 0 ? await deps.store(documents) : { inserted: 0, repeated: 0, refused: [] };
  for (const { document, reason, detail } of stored.refused) {
    const record = origin.get(document);
    if (record === undefined) throw new Error(`the store refused ${document._id}, which it was not given`);
    letters.push({ record, reason, detail });
  }
  if (letters.length > 0) await deps.deadLetter(letters);
  return { inserted: stored.inserted, repeated: stored.repeated, deadLetters: letters };
}

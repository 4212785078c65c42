import type { LastPrices, PriceChange } from './last-prices';
import type { PriceDocument, SourceRecord } from './record';
import type { StoreResult } from './store';

/** A document that is stored of its own record. */
export interface StoredPrice {
  readonly document: PriceDocument;
  readonly appendedMs: number;
  /** As it is stored. */
  readonly change: PriceChange | undefined;
}

/** What records have left in the store. */
export interface StoredPrices {
  /** All of them, with the change that they were read with. */
  readonly isAsRead: boolean;
  /** In the order of the topic. */
  readonly prices: () => StoredPrice[];
}

/** A document that is stored with a change to a price that is in no document. */
export interface Correction {
  readonly id: string;
  readonly change: PriceChange | undefined;
}

export const AS_READ: StoredPrices = { isAsRead: true, prices: () => [] };

/** `origins`: of each document, the record that it was made of. */
export function storedPrices(
  documents: readonly PriceDocument[],
  origins: readonly SourceRecord[],
  { repeated, refused }: StoreResult,
): StoredPrices {
  const refusals = new Set(refused.map(({ document }) => document));
  const repetitions = new Map(repeated.map((repetition) => [repetition.document, repetition]));
  const isAsRead = ({ document, isOfThisRecord, change }: (typeof repeated)[number]): boolean =>
    isOfThisRecord && isSameChange(change, document.change);
  return {
    isAsRead: refused.length === 0 && repeated.every(isAsRead),
    prices: () =>
      documents.flatMap((document, index) => {
        const repetition = repetitions.get(document);
        if (refusals.has(document) || repetition?.isOfThisRecord === false) return [];
        const { change } = repetition ?? document;
        return [{ document, appendedMs: origins[index].appendedMs, change }];
      }),
  };
}

export const together = (parts: readonly StoredPrices[]): StoredPrices => ({
  isAsRead: parts.every(({ isAsRead }) => isAsRead),
  prices: () => parts.flatMap(({ prices }) => prices()),
});

/** Goes on from the latest stored prices with those that follow; returns which of them need another change. */
export function settle(last: LastPrices, stored: readonly StoredPrice[]): Correction[] {
  const corrections: Correction[] = [];
  for (const { document, appendedMs, change } of stored) {
    // Else what stands there was right by what whoever wrote it knew of the prices before.
    const isCertain = last.knows(document);
    const right = last.observe(document, document.timestamp.getTime(), appendedMs);
    if (isCertain && !isSameChange(right, change)) corrections.push({ id: document._id, change: right });
  }
  return corrections;
}

const isSameChange = (left: PriceChange | undefined, right: PriceChange | undefined): boolean =>
  left?.previous_price === right?.previous_price && left?.amount === right?.amount && left?.percent === right?.percent;

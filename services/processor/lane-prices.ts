import { LastPrices } from './last-prices';
import type { SourceRecord } from './record';
import { settle, type Correction, type StoredPrices } from './settle';

/**
 * The latest prices of one partition, twice: as its records are read, while the store has not yet decided on those before,
 * and as they are stored. The two differ only after a document that was refused, or that was stored of another record.
 */
export class LanePrices {
  private stored: string;
  private differs = false;

  private constructor(private current: LastPrices) {
    this.stored = current.encode();
  }

  static of(last: LastPrices): LanePrices {
    return new LanePrices(last);
  }

  /** For the records that are read next. */
  get read(): LastPrices {
    return this.current;
  }

  /**
   * Batch after batch, in order: what is stored by now, of a batch after which the prices were `asRead`, and what of it is
   * to be corrected. `isNewest`: nothing behind it has been read.
   */
  settle(
    records: readonly SourceRecord[],
    prices: StoredPrices,
    asRead: string,
    isNewest: boolean,
  ): { metadata: string; corrections: Correction[] } {
    if (prices.isAsRead && !this.differs) {
      this.stored = asRead;
      return { metadata: asRead, corrections: [] };
    }
    const last = LastPrices.decode(this.stored);
    const corrections = settle(last, prices.prices());
    last.passed(records);
    this.stored = last.encode();
    this.differs = this.stored !== asRead;
    if (this.differs && isNewest) {
      this.current = last;
      this.differs = false;
    }
    return { metadata: this.stored, corrections };
  }
}

import type { PriceEvent } from '../common/event';

/** How a price differs from the one before it; see docs/events.md. */
export interface PriceChange {
  readonly previous_price: number;
  /** price - previous_price, in the currency of the event. */
  readonly amount: number;
  /** Absent where no number can hold it: a store refuses what is not finite. */
  readonly percent?: number;
}

interface LastPrice {
  readonly price: number;
  readonly timeMs: number;
}

/** [metal, currency, unit, price, time in ms] */
type Entry = readonly [string, string, string, number, number];

const VERSION = 1;
/**
 * Keeps the text below the 4,096 bytes that a broker takes by default (offset.metadata.max.bytes). What is beyond is
 * forgotten at once and not only when it is committed, or a record would get another change when it is read again.
 */
const MAX_ENTRIES = 36;

/**
 * The latest price of each metal on one partition. It travels as the metadata of the committed offset, so whoever
 * reads on from there has exactly what it had there: no query, and the same change for the same record each time.
 */
export class LastPrices {
  private readonly byKey = new Map<string, LastPrice>();

  /** What was committed with an offset; nothing, or something that is not ours, is an empty start. */
  static decode(metadata: string | null | undefined): LastPrices {
    const last = new LastPrices();
    for (const [metal, currency, unit, price, timeMs] of parse(metadata)) {
      last.byKey.set(keyOf({ metal, currency, unit }), { price, timeMs });
    }
    return last;
  }

  encode(): string {
    const last = [...this.byKey].map(([key, { price, timeMs }]) => [...key.split(' '), price, timeMs]);
    return JSON.stringify({ v: VERSION, last });
  }

  /** The change that an event brings. None for the first of its kind, and none for one that is not newer than the last. */
  observe(event: PriceEvent, timeMs: number): PriceChange | undefined {
    const key = keyOf(event);
    const last = this.byKey.get(key);
    if (last !== undefined && timeMs <= last.timeMs) return undefined;
    this.byKey.set(key, { price: event.price, timeMs });
    if (this.byKey.size > MAX_ENTRIES) this.forgetOldest();
    return last === undefined ? undefined : change(last.price, event.price);
  }

  private forgetOldest(): void {
    let oldest: string | undefined;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const [key, { timeMs }] of this.byKey) {
      if (timeMs >= oldestMs) continue;
      oldest = key;
      oldestMs = timeMs;
    }
    if (oldest !== undefined) this.byKey.delete(oldest);
  }
}

/** Only like is compared with like: no price in euros with one in dollars. None of the three holds a space. */
const keyOf = ({ metal, currency, unit }: Pick<PriceEvent, 'metal' | 'currency' | 'unit'>): string =>
  `${metal} ${currency} ${unit}`;

const round6 = (value: number): number => Math.round(value * 1e6) / 1e6;

function change(previous: number, price: number): PriceChange {
  const percent = round6(((price - previous) / previous) * 100);
  return {
    previous_price: previous,
    amount: round6(price - previous),
    ...(Number.isFinite(percent) && { percent }),
  };
}

function parse(metadata: string | null | undefined): readonly Entry[] {
  if (metadata === null || metadata === undefined || metadata === '') return [];
  let value: unknown;
  try {
    value = JSON.parse(metadata);
  } catch {
    // Committed by another program: an offset moved by hand carries whatever its tool writes.
    return [];
  }
  const { v, last } = (value ?? {}) as { v?: unknown; last?: unknown };
  return v === VERSION && Array.isArray(last) ? last.filter(isEntry) : [];
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [metal, currency, unit, price, timeMs] = value as unknown[];
  const texts = [metal, currency, unit].every((text) => typeof text === 'string' && !text.includes(' '));
  return texts && typeof price === 'number' && price > 0 && Number.isSafeInteger(timeMs);
}

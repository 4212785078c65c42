import type { PriceEvent } from '../common/event';
import { extendMark, parseMark, type LogMark } from './log-mark';
import type { SourceRecord } from './record';

/** How a price differs from the one before it; see docs/events.md. */
export interface PriceChange {
  readonly previous_price: number;
  /** price - previous_price, in the currency of the event. */
  readonly amount: number;
  /** Absent where no number can hold it: a store refuses what is not finite. */
  readonly percent?: number;
}

type Kind = Pick<PriceEvent, 'metal' | 'currency' | 'unit'>;

interface LastPrice {
  readonly price: number;
  /** When it was observed; of one from the future, when the broker appended it. */
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

  /** What was read of the log up to here; undefined: nothing since an unknown place. */
  private seen: LogMark | undefined;

  /** `isWhole`: a price that is not in here is in no document before, or forgotten for good; else it is only not known. */
  private constructor(private readonly isWhole: boolean) {}

  /** At the first record of a topic. */
  static fromStart(): LastPrices {
    return new LastPrices(true);
  }

  /** What was committed with an offset; nothing, or something that is not ours, is an empty start of which little is known. */
  static decode(metadata: string | null | undefined): LastPrices {
    const committed = parse(metadata);
    const last = new LastPrices(committed?.isWhole ?? false);
    last.seen = committed?.mark;
    for (const [metal, currency, unit, price, timeMs] of committed?.last ?? []) {
      last.byKey.set(keyOf({ metal, currency, unit }), { price, timeMs });
    }
    return last;
  }

  /** In a fixed order: what has come to the same by different ways is the same text. */
  encode(): string {
    const last = [...this.byKey]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, { price, timeMs }]) => [...key.split(' '), price, timeMs]);
    const log = this.seen && [this.seen.from, this.seen.to, this.seen.latestMs];
    return JSON.stringify({ v: VERSION, last, ...(!this.isWhole && { part: true }), ...(log && { log }) });
  }

  get mark(): LogMark | undefined {
    return this.seen;
  }

  /** All of these were read, whatever became of them. */
  passed(records: readonly SourceRecord[]): void {
    this.seen = extendMark(this.seen, records);
  }

  /** Whether the change of the next event of a kind can be told for certain. */
  knows(kind: Kind): boolean {
    return this.isWhole || this.byKey.has(keyOf(kind));
  }

  /**
   * The change that an event brings. None for the first of its kind, and none for one that is not newer than the last.
   * An event from the future counts as observed when the broker appended it, or nothing would be newer until then. A
   * last price from the broker's own future is of a clock that has been set back, and anything is newer.
   */
  observe(event: Kind & Pick<PriceEvent, 'price'>, timeMs: number, appendedMs: number): PriceChange | undefined {
    const key = keyOf(event);
    const last = this.byKey.get(key);
    if (last !== undefined && timeMs <= last.timeMs && last.timeMs <= appendedMs) return undefined;
    this.byKey.set(key, { price: event.price, timeMs: Math.min(timeMs, appendedMs) });
    if (this.byKey.size > MAX_ENTRIES) this.forgetOldest();
    return last === undefined ? undefined : change(last.price, event.price);
  }

  private forgetOldest(): void {
    let oldest: string | undefined;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (const [key, { timeMs }] of this.byKey) {
      // Of two that are as old always the same, whichever came first.
      if (timeMs > oldestMs || (timeMs === oldestMs && key > (oldest ?? ''))) continue;
      oldest = key;
      oldestMs = timeMs;
    }
    if (oldest !== undefined) this.byKey.delete(oldest);
  }
}

/** Only like is compared with like: no price in euros with one in dollars. None of the three holds a space. */
const keyOf = ({ metal, currency, unit }: Kind): string => `${metal} ${currency} ${unit}`;

const round6 = (value: number): number => Math.round(value * 1e6) / 1e6;

function change(previous: number, price: number): PriceChange {
  const percent = round6(((price - previous) / previous) * 100);
  return {
    previous_price: previous,
    amount: round6(price - previous),
    ...(Number.isFinite(percent) && { percent }),
  };
}

interface Committed {
  readonly last: readonly Entry[];
  readonly isWhole: boolean;
  readonly mark: LogMark | undefined;
}

function parse(metadata: string | null | undefined): Committed | undefined {
  if (metadata === null || metadata === undefined || metadata === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(metadata);
  } catch {
    // Committed by another program: an offset moved by hand carries whatever its tool writes.
    return undefined;
  }
  const { v, last, part, log } = (value ?? {}) as Record<'v' | 'last' | 'part' | 'log', unknown>;
  if (v !== VERSION || !Array.isArray(last)) return undefined;
  return { last: last.filter(isEntry), isWhole: part !== true, mark: parseMark(log) };
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value) || value.length !== 5) return false;
  const [metal, currency, unit, price, timeMs] = value as unknown[];
  const texts = [metal, currency, unit].every((text) => typeof text === 'string' && !text.includes(' '));
  return texts && typeof price === 'number' && price > 0 && Number.isSafeInteger(timeMs);
}

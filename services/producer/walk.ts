import { eventSchema, SCHEMA_VERSION, type PriceEvent } from '../common/event';
import { uuidV7TimeMs } from '../common/uuid';
import type { ProducerConfig } from './config';

/** A walk never leaves this multiple of its starting price, in either direction. */
const MAX_DRIFT = 2;

/** In cents, or finer where that would leave nothing; never what the schema refuses. */
function rounded(price: number): number {
  const steps = price < 1 ? 1e6 : 100;
  const { minimum, maximum } = eventSchema.properties.price;
  return Math.min(maximum, Math.max(minimum, Math.round(price * steps) / steps));
}

/** Mulberry32: small, fast, and the same numbers for the same seed everywhere. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface WalkOptions {
  readonly config: Pick<ProducerConfig, 'metals' | 'events'>;
  readonly seed: number;
  /** Standard deviation of one step, as a share of the price. */
  readonly volatility: number;
  readonly nextId: () => string;
}

/** A random walk per metal around real price levels; metals take turns. Prices depend on the seed, not on the time. */
export class PriceWalk {
  private readonly names: readonly string[];
  private readonly prices: Map<string, number>;
  private readonly random: () => number;
  private turn = 0;

  constructor(private readonly options: WalkOptions) {
    const { metals } = options.config;
    this.names = Object.keys(metals);
    this.prices = new Map(this.names.map((name) => [name, metals[name].price]));
    this.random = seededRandom(options.seed);
  }

  next(): PriceEvent {
    const { config, volatility, nextId } = this.options;
    const metal = this.names[this.turn % this.names.length];
    this.turn += 1;
    const { price: start, unit } = config.metals[metal];
    const walked = (this.prices.get(metal) ?? start) * Math.exp(volatility * this.gaussian());
    const price = Math.min(start * MAX_DRIFT, Math.max(start / MAX_DRIFT, walked));
    this.prices.set(metal, price);
    const eventId = nextId();
    return {
      event_id: eventId,
      metal,
      price: rounded(price),
      currency: config.events.currency,
      unit,
      timestamp: new Date(uuidV7TimeMs(eventId)).toISOString(),
      source: 'simulator',
      schema_version: SCHEMA_VERSION,
    };
  }

  private gaussian(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
    return radius * Math.cos(2 * Math.PI * this.random());
  }
}

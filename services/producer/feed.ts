import { SCHEMA_VERSION, type PriceEvent } from '../common/event';
import { uuidV7TimeMs } from '../common/uuid';
import type { ProducerConfig } from './config';

/** A walk never leaves this multiple of its starting price, in either direction. */
const MAX_DRIFT = 2;

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

/** A random walk per metal around real price levels; metals take turns. */
export class PriceWalk {
  private readonly names: readonly string[];
  private readonly prices: Map<string, number>;
  private readonly random: () => number;
  private turn = 0;

  constructor(
    private readonly config: Pick<ProducerConfig, 'metals' | 'feed' | 'events'>,
    seed: number,
    private readonly nextId: () => string,
  ) {
    this.names = Object.keys(config.metals);
    this.prices = new Map(this.names.map((name) => [name, config.metals[name].price]));
    this.random = seededRandom(seed);
  }

  next(): PriceEvent {
    const metal = this.names[this.turn % this.names.length];
    this.turn += 1;
    const { price: start, unit } = this.config.metals[metal];
    const walked = (this.prices.get(metal) ?? start) * Math.exp(this.config.feed.volatility * this.gaussian());
    const price = Math.min(start * MAX_DRIFT, Math.max(start / MAX_DRIFT, walked));
    this.prices.set(metal, price);
    const eventId = this.nextId();
    return {
      event_id: eventId,
      metal,
      price: Math.round(price * 100) / 100,
      currency: this.config.events.currency,
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

/** How many events are due, given how long the feed has run and how many it has made; at most one second's worth. */
export function eventsDue(elapsedMs: number, made: number, ratePerSecond: number): number {
  const due = Math.floor((elapsedMs / 1_000) * ratePerSecond) - made;
  return Math.max(0, Math.min(due, Math.max(1, Math.ceil(ratePerSecond))));
}

export interface FeedOptions {
  readonly walk: PriceWalk;
  readonly ratePerSecond: number;
  /** False: Kafka is away or the queue fills up; the feed then skips its turn and leaves the room to clients. */
  readonly hasRoom: () => boolean;
  readonly publish: (event: PriceEvent) => Promise<void>;
  readonly onResult: (result: 'sent' | 'failed' | 'skipped', count: number) => void;
}

const TICK_MS = 50;

/** Publishes simulated prices at a steady rate until it is stopped. Simulated prices are not retried. */
export class Feed {
  private timer: NodeJS.Timeout | undefined;
  private startedAt = 0;
  private made = 0;

  constructor(private readonly options: FeedOptions) {}

  start(): void {
    this.startedAt = performance.now();
    const intervalMs = Math.max(TICK_MS, 1_000 / this.options.ratePerSecond);
    this.timer = setInterval(() => this.tick(performance.now()), Math.min(intervalMs, 1_000));
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private tick(now: number): void {
    const { ratePerSecond, hasRoom, walk, publish, onResult } = this.options;
    const due = eventsDue(now - this.startedAt, this.made, ratePerSecond);
    if (due === 0) return;
    // What a stall left behind is dropped, not made up for in one burst.
    this.made = Math.floor(((now - this.startedAt) / 1_000) * ratePerSecond);
    if (!hasRoom()) {
      onResult('skipped', due);
      return;
    }
    for (let index = 0; index < due; index += 1) {
      publish(walk.next()).then(
        () => onResult('sent', 1),
        () => onResult('failed', 1),
      );
    }
  }
}

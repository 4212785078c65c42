import type { PriceEvent } from '../common/event';
import { TICK_MS, type FeedSettings } from './feed-settings';

export type FeedResult = 'sent' | 'failed' | 'skipped' | 'refused';

/** Where a feed's events go. */
export interface FeedSink {
  /** How many events the queue takes from a feed now; 0 while Kafka is away or the room is left to clients. */
  readonly room: () => number;
  readonly publish: (events: readonly PriceEvent[]) => Promise<void>;
  readonly onResult: (result: FeedResult, count: number) => void;
}

export interface Feed {
  start(): void;
  stop(): Promise<void>;
  /** What GET /feed shows of it. */
  readonly state: object;
  /** Why it brings nothing now; undefined while all is well. */
  readonly problem: string | undefined;
}

/** Events that are published together travel in one batch, which the broker limits. */
const MAX_GROUP_EVENTS = 500;

export interface SimulatorOptions extends FeedSink {
  readonly next: () => PriceEvent;
  readonly settings: FeedSettings;
  readonly now?: () => number;
}

/** Publishes simulated prices at a steady rate (a token bucket) until it is stopped. They are not retried. */
export class SimulatedFeed implements Feed {
  private timer: NodeJS.Timeout | undefined;
  private settings: FeedSettings;
  private tokens = 0;
  private filledAtMs = 0;
  private readonly now: () => number;
  readonly problem = undefined;

  constructor(private readonly options: SimulatorOptions) {
    this.settings = options.settings;
    this.now = options.now ?? (() => performance.now());
  }

  get state(): FeedSettings & { kind: 'simulator' } {
    return { kind: 'simulator', ...this.settings };
  }

  start(): void {
    clearInterval(this.timer);
    this.filledAtMs = this.now();
    const { rate_per_second } = this.settings;
    if (rate_per_second === 0) return;
    const intervalMs = Math.min(1_000, Math.max(TICK_MS, 1_000 / rate_per_second));
    this.timer = setInterval(() => this.tick(), intervalMs);
  }

  stop(): Promise<void> {
    clearInterval(this.timer);
    this.timer = undefined;
    return Promise.resolve();
  }

  /** Takes effect at once; what was due under the old settings and not yet published is dropped. */
  apply(settings: FeedSettings): void {
    this.settings = settings;
    this.tokens = 0;
    this.start();
  }

  tick(): void {
    this.fill();
    const due = Math.min(Math.floor(this.tokens), this.options.room());
    this.tokens -= due;
    for (let left = due; left > 0; left -= MAX_GROUP_EVENTS) this.publish(Math.min(left, MAX_GROUP_EVENTS));
  }

  private publish(count: number): void {
    const { next, publish, onResult } = this.options;
    publish(Array.from({ length: count }, next)).then(
      () => onResult('sent', count),
      () => onResult('failed', count),
    );
  }

  /** What a stall left behind beyond one burst is dropped, not made up for. */
  private fill(): void {
    const { rate_per_second, burst_events } = this.settings;
    const nowMs = this.now();
    this.tokens += ((nowMs - this.filledAtMs) / 1_000) * rate_per_second;
    this.filledAtMs = nowMs;
    const surplus = Math.floor(this.tokens) - burst_events;
    if (surplus <= 0) return;
    this.tokens -= surplus;
    this.options.onResult('skipped', surplus);
  }
}

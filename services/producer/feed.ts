import type { PriceEvent } from '../common/event';
import { TICK_MS, type FeedSettings } from './feed-settings';

export type FeedResult = 'sent' | 'failed' | 'skipped' | 'refused';

/** Where a feed's events go. */
export interface FeedSink {
  /** False: Kafka is away or the queue fills up; a feed then waits and leaves the room to clients. */
  readonly hasRoom: () => boolean;
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
    if (this.timer !== undefined || settings.rate_per_second > 0) this.start();
  }

  tick(): void {
    const { hasRoom, next, publish, onResult } = this.options;
    this.fill();
    const due = Math.floor(this.tokens);
    if (due === 0 || !hasRoom()) return;
    this.tokens -= due;
    publish(Array.from({ length: due }, next)).then(
      () => onResult('sent', due),
      () => onResult('failed', due),
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

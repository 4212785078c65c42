import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { BusyMeter } from './busy';

/** The queue has no room; the caller should come back later. */
export class QueueFullError extends Error {
  constructor(queued: number, limit: number) {
    super(`queue is full: ${queued} of ${limit} waiting`);
    this.name = 'QueueFullError';
  }
}

export interface CoalescerOptions<T> {
  /** How much one flush may carry; one item that is heavier still goes, alone. */
  readonly maxBatchWeight: number;
  /** How much may wait besides what is in flight. */
  readonly maxQueuedWeight: number;
  readonly weigh: (item: T) => number;
  readonly flush: (items: readonly T[]) => Promise<void>;
  /** A flush beyond the first begins only when a whole batch waits. @default 1 */
  readonly maxFlushes?: number;
  /** While it is busy, a flush begins no sooner than this after the one before began: fewer, larger ones. @default 0 */
  readonly busyIntervalMs?: number;
  readonly now?: () => number;
}

interface Waiting<T> {
  readonly item: T;
  readonly weight: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * By default one flush in flight at a time; what arrives meanwhile forms the next batch. That keeps the order, is what an
 * idempotent kafkajs producer needs to lose nothing, and is the cheapest form under load: batches grow with it.
 */
export class Coalescer<T> {
  private waiting: Waiting<T>[] = [];
  private queued = 0;
  private active = 0;
  private readonly runs = new Set<Promise<void>>();
  /** When each flush in flight began, the oldest first. */
  private readonly flushes = new Map<object, number>();
  private nextFlushMs = 0;
  private readonly meter = new BusyMeter();
  private readonly now: () => number;

  constructor(private readonly options: CoalescerOptions<T>) {
    this.now = options.now ?? Date.now;
  }

  /** Resolves once the flush that carried the item has; rejects with that flush's error. */
  submit(item: T): Promise<void> {
    const weight = this.options.weigh(item);
    if (this.queued > 0 && this.queued + weight > this.options.maxQueuedWeight) {
      return Promise.reject(new QueueFullError(this.queued, this.options.maxQueuedWeight));
    }
    return new Promise<void>((resolve, reject) => {
      this.waiting.push({ item, weight, resolve, reject });
      this.queued += weight;
      this.meter.note(weight);
      this.startRun();
    });
  }

  get queuedWeight(): number {
    return this.queued;
  }

  /** How long the oldest flush in flight has been under way; 0 when there is none. */
  get inFlightMs(): number {
    const [oldest] = this.flushes.values();
    return oldest === undefined ? 0 : this.now() - oldest;
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.runs.size > 0) await Promise.all(this.runs);
  }

  private startRun(): void {
    const { maxFlushes = 1, maxBatchWeight } = this.options;
    const isNeeded = this.active === 0 || this.queued >= maxBatchWeight;
    if (!isNeeded || this.active >= maxFlushes) return;
    this.active += 1;
    const run = this.run().finally(() => this.runs.delete(run));
    this.runs.add(run);
  }

  private async run(): Promise<void> {
    // Everything that arrives in this turn of the event loop shares the first batch.
    await nextTurn();
    while (this.waiting.length > 0) {
      await this.gather();
      const batch = this.takeBatch();
      // Another run has taken it meanwhile.
      if (batch.length === 0) break;
      this.flushes.set(batch, this.now());
      try {
        await this.options.flush(batch.map(({ item }) => item));
        batch.forEach(({ resolve }) => resolve());
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      } finally {
        this.flushes.delete(batch);
      }
    }
    // In the same turn as the last look at what waits, or what comes in between would wait for ever.
    this.active -= 1;
  }

  private async gather(): Promise<void> {
    const { busyIntervalMs = 0, maxBatchWeight } = this.options;
    const waitMs = this.nextFlushMs - performance.now();
    if (waitMs >= 1 && this.meter.isBusy && this.queued < maxBatchWeight) await sleep(waitMs);
    this.nextFlushMs = performance.now() + busyIntervalMs;
  }

  private takeBatch(): Waiting<T>[] {
    let weight = 0;
    let count = 0;
    while (count < this.waiting.length) {
      if (count > 0 && weight + this.waiting[count].weight > this.options.maxBatchWeight) break;
      weight += this.waiting[count].weight;
      count += 1;
    }
    this.queued -= weight;
    return this.waiting.splice(0, count);
  }
}

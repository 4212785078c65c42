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
 * One flush in flight at a time; what arrives meanwhile forms the next batch. That keeps the order, is what an
 * idempotent kafkajs producer needs to lose nothing, and is the cheapest form under load: batches grow with it.
 */
export class Coalescer<T> {
  private waiting: Waiting<T>[] = [];
  private queued = 0;
  private running: Promise<void> | undefined;
  private flushStartedAt: number | undefined;
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
      this.running ??= this.run();
    });
  }

  get queuedWeight(): number {
    return this.queued;
  }

  /** How long the flush in flight has been under way; 0 when there is none. */
  get inFlightMs(): number {
    return this.flushStartedAt === undefined ? 0 : this.now() - this.flushStartedAt;
  }

  /** Resolves when nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async run(): Promise<void> {
    // Everything that arrives in this turn of the event loop shares the first batch.
    await nextTurn();
    while (this.waiting.length > 0) {
      const waitMs = this.nextFlushMs - performance.now();
      if (waitMs >= 1 && this.meter.isBusy) await sleep(waitMs);
      this.nextFlushMs = performance.now() + (this.options.busyIntervalMs ?? 0);
      const batch = this.takeBatch();
      this.flushStartedAt = this.now();
      try {
        await this.options.flush(batch.map(({ item }) => item));
        batch.forEach(({ resolve }) => resolve());
      } catch (error) {
        batch.forEach(({ reject }) => reject(error));
      } finally {
        this.flushStartedAt = undefined;
      }
    }
    this.running = undefined;
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

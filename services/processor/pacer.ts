import { setTimeout as sleep } from 'node:timers/promises';
import { BusyMeter } from '../common/busy';

/** While it is busy, a fetch begins no sooner than this after the one before began: fewer fetches, larger inserts. */
const BUSY_INTERVAL_MS = 10;

/** Holds back the next fetch, which kafkajs begins as soon as all that it has handed over is handled. */
export class Pacer {
  private fetchStartedMs = 0;
  private readonly meter = new BusyMeter();

  readonly fetchStarted = (): void => {
    this.fetchStartedMs = performance.now();
  };

  note(records: number): void {
    this.meter.note(records);
  }

  async wait(): Promise<void> {
    const waitMs = this.fetchStartedMs + BUSY_INTERVAL_MS - performance.now();
    if (waitMs >= 1 && this.meter.isBusy) await sleep(waitMs);
  }
}

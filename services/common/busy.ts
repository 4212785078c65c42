/** Shorter, and chance decides; longer, and a burst is over before it is noticed. */
const WINDOW_MS = 250;
/** Below this, waiting for company costs latency and saves nothing. */
const BUSY_PER_SECOND = 500;

/** Tells whether so much arrives that it pays to let it gather: whoever is not busy should wait for nothing. */
export class BusyMeter {
  private windowStartedMs = -Infinity;
  private count = 0;
  private previousCount = 0;

  constructor(private readonly now: () => number = () => performance.now()) {}

  note(items: number): void {
    this.turnWindow();
    this.count += items;
  }

  /** By the last whole window. */
  get isBusy(): boolean {
    this.turnWindow();
    return this.previousCount >= (BUSY_PER_SECOND * WINDOW_MS) / 1_000;
  }

  private turnWindow(): void {
    const now = this.now();
    const elapsedMs = now - this.windowStartedMs;
    if (elapsedMs < WINDOW_MS) return;
    this.previousCount = elapsedMs < 2 * WINDOW_MS ? this.count : 0;
    this.count = 0;
    this.windowStartedMs = now;
  }
}

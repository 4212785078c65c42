/** How often a second something has been counted in the last minute. */

const SAMPLE_MS = 5_000;
const WINDOW_MS = 60_000;

export class RecentRate {
  private readonly samples: { readonly atMs: number; readonly count: number }[] = [];

  /** @param count what has been counted since the start; it is looked at every 5 s */
  constructor(
    private readonly count: () => number,
    private readonly nowMs: () => number = () => performance.now(),
  ) {
    this.sample();
    setInterval(() => this.sample(), SAMPLE_MS).unref();
  }

  /** Of the last minute, or since the start; to a tenth. */
  get perSecond(): number {
    const [oldest] = this.samples;
    const seconds = (this.nowMs() - oldest!.atMs) / 1_000;
    return seconds > 0 ? Math.round(((this.count() - oldest!.count) / seconds) * 10) / 10 : 0;
  }

  private sample(): void {
    const atMs = this.nowMs();
    this.samples.push({ atMs, count: this.count() });
    // The oldest one is a minute old.
    while (this.samples.length > 1 && atMs - this.samples[1]!.atMs >= WINDOW_MS) this.samples.shift();
  }
}

/** Lets a number of lines through each second, so that a flood of failures neither fills a disk nor hides the rest. */
export class LogLimiter {
  private secondStartedMs = 0;
  private written = 0;
  private suppressed = 0;

  constructor(
    private readonly maxPerSecond: number,
    private readonly now: () => number = Date.now,
  ) {}

  /** Undefined: leave this line out. Otherwise how many lines were left out since the last one. */
  take(): number | undefined {
    const nowMs = this.now();
    if (nowMs - this.secondStartedMs >= 1_000 || nowMs < this.secondStartedMs) {
      this.secondStartedMs = nowMs;
      this.written = 0;
    }
    if (this.written >= this.maxPerSecond) {
      this.suppressed += 1;
      return undefined;
    }
    this.written += 1;
    const suppressed = this.suppressed;
    this.suppressed = 0;
    return suppressed;
  }

  /** The fields of a line, with how many were left out since the last one; undefined: leave this one out as well. */
  pass(fields: object): object | undefined {
    const suppressed = this.take();
    if (suppressed === undefined) return undefined;
    return suppressed === 0 ? fields : { ...fields, lines_left_out: suppressed };
  }
}

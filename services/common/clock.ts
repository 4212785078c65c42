import { MAX_CLOCK_SKEW_MS } from './health-states';

/**
 * By how much our clock is ahead of another one (negative: behind), at the least: a reading that lies between question
 * and answer proves nothing.
 *
 * @param askedMs our clock when we asked
 * @param elapsedMs until the answer came, by a clock that nobody sets
 */
export function leastSkewMs(otherMs: number, askedMs: number, elapsedMs: number): number {
  if (otherMs < askedMs) return askedMs - otherMs;
  return Math.min(0, askedMs + elapsedMs - otherMs);
}

/** Undefined: the clocks agree well enough. */
export function explainSkew(skewMs: number, owner: string): string | undefined {
  if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return undefined;
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return `the clock of this replica is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} that of ${owner}`;
}

/** Whether figures that are looked at every minute grow. Pure. */

/** Figures of one moment, by their name and unit. */
export type Point = Readonly<Record<string, number>>;

/** Of nothing there is none: NaN. @param share such as 0.99 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

interface Trend {
  readonly name: string;
  readonly first: number;
  readonly last: number;
}

/**
 * The lower quartile of the first third of the points and that of the last. What ages is worse in calm minutes, too; a slow
 * minute raises latency, and with it the connections that clients hold open.
 */
function trends(points: readonly Point[]): Trend[] {
  const third = Math.max(1, Math.floor(points.length / 3));
  const calm = (some: readonly Point[], name: string): number =>
    percentile(
      some.map((point) => point[name]).filter((value) => Number.isFinite(value)),
      0.25,
    );
  const names = [...new Set(points.flatMap((point) => Object.keys(point)))];
  return names.map((name) => ({
    name,
    first: calm(points.slice(0, third), name),
    last: calm(points.slice(-third), name),
  }));
}

/** A line for each figure that has grown by more than that share, or that nobody could read. */
export function growth(points: readonly Point[], mostShare: number): string[] {
  return trends(points)
    .filter(({ first, last }) => !(last <= first * (1 + mostShare)))
    .map(({ name, first, last }) => `${name}: ${first.toFixed(1)}, then ${last.toFixed(1)}`);
}

export const describeTrend = (points: readonly Point[]): string =>
  trends(points)
    .map(({ name, first, last }) => `${name}: ${first.toFixed(1)} in the first third, ${last.toFixed(1)} in the last`)
    .join('\n');

const UNITS_SECONDS = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90`, `90s`, `15m`, `1h`, `7d` -> seconds; undefined when it is none of them, or more than `mostSeconds`. */
export function parseDurationSeconds(text: string, mostSeconds = Infinity): number | undefined {
  const match = /^(\d+)([smhd]?)$/.exec(text);
  if (!match) return undefined;
  const seconds = Number(match[1]) * UNITS_SECONDS[match[2] as keyof typeof UNITS_SECONDS];
  return seconds > 0 && seconds <= mostSeconds ? seconds : undefined;
}

/** Pure: why it is none, for whoever has typed it. */
export const durationProblem = (flag: string, typed: string, mostSeconds: number): string =>
  `${flag}: got "${typed}", expected a duration such as 90s, 15m, 24h or 7d, at most ${longest(mostSeconds)}`;

const longest = (seconds: number): string =>
  seconds > 86_400 ? `${Math.floor(seconds / 86_400)}d` : `${Math.floor(seconds / 3_600)}h`;

/** 4.2 s, 75 s, 12 min 5 s: short enough to stand at the end of a line. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `90`, `90s`, `15m`, `1h` -> seconds; undefined when it is none of them. */
export function parseDurationSeconds(text: string): number | undefined {
  const match = /^(\d+)([smh]?)$/.exec(text);
  if (!match) return undefined;
  const seconds = Number(match[1]) * { '': 1, s: 1, m: 60, h: 3600 }[match[2] as '' | 's' | 'm' | 'h'];
  return seconds > 0 ? seconds : undefined;
}

/** 4.2 s, 75 s, 12 min 5 s: short enough to stand at the end of a line. */
export function formatSeconds(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

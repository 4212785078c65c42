/** `--lines` of verbs that show the newest of something. */

/** Pure: how many; undefined for what is no number from 1 to `most`. */
export function lineCount(typed: string | undefined, fallback: number, most: number): number | undefined {
  if (typed === undefined) return fallback;
  const count = /^\d{1,5}$/.test(typed) ? Number(typed) : 0;
  return count >= 1 && count <= most ? count : undefined;
}

export const lineCountProblem = (typed: string | undefined, most: number): string =>
  `--lines: got "${typed}", expected a number from 1 to ${most}`;

import { closest, distance } from 'fastest-levenshtein';

/** The candidate closest to `word`, if it is close enough to be a typing mistake. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined;
  const candidate = closest(word, candidates);
  return distance(word, candidate) <= Math.max(2, word.length / 3) ? candidate : undefined;
}

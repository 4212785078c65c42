import { closest, distance } from 'fastest-levenshtein';

/** Longer than any name here: the cost of a comparison grows with what a client sends. */
const MAX_WORD_CHARACTERS = 64;

/** The candidate closest to `word`, if it is close enough to be a typing mistake. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0 || word.length > MAX_WORD_CHARACTERS) return undefined;
  const candidate = closest(word, candidates);
  return distance(word, candidate) <= Math.max(2, word.length / 3) ? candidate : undefined;
}

import type { DlqDeps } from './dlq';
import { listedLetter, shownLetter, type Letter } from './dlq-letter';
import { ReasonCounts } from './dlq-output';
import { assertPresent, DlqError, type DlqRequest } from './dlq-request';

/** Letters that one call looks at; the caller pages on. */
export const SCAN_LIMIT = 10_000;

/** Newest first: those that match, as many as were asked for and fit. */
export async function list(request: DlqRequest, deps: DlqDeps): Promise<void> {
  const { low, high } = await deps.letters.range();
  const to = Math.min(request.before ?? high, high);
  const oldest = await oldestWanted(request, low, deps);
  const from = Math.max(oldest, to - SCAN_LIMIT);
  const counts = new ReasonCounts();
  // Lines, not letters: their values would take far more memory.
  const newest: { readonly offset: number; readonly line: object }[] = [];
  await deps.letters.read(from, to, (letter) => {
    if (!matches(letter, request)) return;
    counts.add(letter.reason);
    newest.push({ offset: letter.offset, line: listedLetter(letter) });
    if (newest.length > request.limit) newest.shift();
  });
  newest.reverse();
  let told = 0;
  while (told < newest.length && deps.output.line({ letter: newest[told]!.line })) told += 1;
  // Older ones that match and were not told, then older ones that were not looked at.
  const unread = from > oldest ? from : null;
  const before = told < counts.total ? newest[told - 1]!.offset : unread;
  deps.output.last({ end: { low, high, from, to, total: counts.total, by_reason: counts, before } });
}

export async function show(request: DlqRequest, { letters, output }: DlqDeps): Promise<void> {
  const { low, high } = await letters.range();
  const [offset] = request.offsets as [number];
  assertPresent([offset], { low, high });
  const found: Letter[] = [];
  await letters.read(offset, offset + 1, (letter) => void found.push(letter));
  if (found[0] === undefined) {
    // Retention came between.
    assertPresent([offset], await letters.range());
    throw new DlqError(`there is no dead letter at offset ${offset}`, './bin/metals dlq list');
  }
  output.line({ letter: shownLetter(found[0]) });
  output.last({ end: { low, high } });
}

/** The lowest offset that was asked for: the oldest that is there, or the first that is recent enough. */
export async function oldestWanted(
  { since_seconds: sinceSeconds }: DlqRequest,
  low: number,
  { letters, nowMs }: DlqDeps,
): Promise<number> {
  return sinceSeconds === undefined ? low : Math.max(low, await letters.offsetSince(nowMs() - sinceSeconds * 1_000));
}

export const matches = (letter: Letter, { reason }: DlqRequest): boolean =>
  reason === undefined || letter.reason === reason;

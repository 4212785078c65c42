/** What `metals logs --follow` asks for next, and which of the lines that come are new. */
import type { CliError } from './errors';
import { identityOf, secondsBefore, type LogLine, type Logs } from './log-lines';

/** Nodes send their lines one later than the other, and their clocks differ by a little: so much is asked for again. */
const OVERLAP_SECONDS = 3;
/** While a node cannot be asked, its lines are waited for as long as that; all others are fetched again each time. */
const PATIENCE_SECONDS = 30;
const PAUSE_MS = 1_000;
/** Each question is a command that Systems Manager keeps: where nothing is logged they become fewer. */
const LONGEST_PAUSE_MS = 5_000;

export interface Follower {
  readonly isOver: () => boolean;
  readonly show: (lines: readonly LogLine[]) => void;
  readonly note: (text: string) => void;
}

/**
 * Reads again and again from where the last answer was asked.
 *
 * @param read its errors are told, each once until it works again, and end nothing
 */
export async function followLogs(
  first: Logs,
  read: (since: string) => Promise<Logs>,
  { isOver, show, note }: Follower,
  pause: (ms: number) => Promise<unknown> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Promise<void> {
  let last = first;
  let from = secondsBefore(first.askedAt, OVERLAP_SECONDS);
  let seen = new Map(first.lines.map((line) => [identityOf(line), line.at]));
  let told = '';
  let pauseMs = PAUSE_MS;
  const tellOnce = (text: string): void => {
    if (text !== '' && text !== told) note(text);
    told = text;
  };
  while (!isOver()) {
    await pause(pauseMs);
    if (isOver()) return;
    let answer: Logs;
    try {
      answer = await read(from);
    } catch (error) {
      const { why } = error as CliError;
      tellOnce(`${why ?? (error as Error).message}; asking again`);
      continue;
    }
    const fresh = answer.lines.filter((line) => !seen.has(identityOf(line)));
    const gap = answer.leftOut > 0 && answer.lines[0]!.at > newest(last);
    tellOnce(
      gap
        ? 'lines come faster than they can be shown, and some are left out: name services, or add --grep'
        : answer.remarks.join('; '),
    );
    show(fresh);
    pauseMs = fresh.length > 0 ? PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 1.5);
    // Of an answer that lacks a node, the time before is asked for again.
    const next = secondsBefore(answer.askedAt, answer.remarks.length > 0 ? PATIENCE_SECONDS : OVERLAP_SECONDS);
    if (next > from) from = next;
    seen = new Map(
      [...seen, ...answer.lines.map((line) => [identityOf(line), line.at] as const)].filter(
        ([, at]) => at.slice(0, from.length - 1) >= from.slice(0, -1),
      ),
    );
    last = answer.lines.length > 0 ? answer : last;
  }
}

const newest = ({ lines, askedAt }: Logs): string => lines.at(-1)?.at ?? askedAt;

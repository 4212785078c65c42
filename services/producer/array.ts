import { contentHash, type PriceEvent } from '../common/event';
import type { Reply } from '../common/http';
import { Problem, retryAfter } from '../common/problem';

/** What becomes of one event of an array: published, or why not. */
export type Outcome = PriceEvent | Problem;

const MAX_LOGGED_IDS = 20;

/**
 * One id may stand more than once in an array. Equal events are published once and answered alike; of different ones
 * the first is taken, and the others are refused here instead of becoming dead letters.
 */
export function refuseConflicts(read: readonly Outcome[]): { outcomes: Outcome[]; events: PriceEvent[] } {
  const firsts = new Map<string, PriceEvent>();
  const outcomes = read.map((outcome) => {
    if (outcome instanceof Problem) return outcome;
    const first = firsts.get(outcome.event_id);
    if (first === undefined) firsts.set(outcome.event_id, outcome);
    else if (contentHash(first) !== contentHash(outcome)) return conflict(outcome.event_id);
    return outcome;
  });
  return { outcomes, events: [...firsts.values()] };
}

function conflict(eventId: string): Problem {
  const allowed = 'one event for each id; another event of this array has this id and other content';
  return new Problem(409, 'id-conflict', 'Conflicting events', `event_id: ${allowed}`, {
    errors: [{ field: 'event_id', value: eventId, allowed }],
  });
}

/** 202 when all are accepted, their common status when none is and they agree, otherwise 207. */
export function arrayReply(outcomes: readonly Outcome[]): Reply {
  const results = outcomes.map(describe);
  const problems = outcomes.filter((outcome) => outcome instanceof Problem);
  if (problems.length === 0) return { status: 202, body: { results }, log: { events: outcomes.length } };
  const [first] = problems;
  const unknown = problems.flatMap(({ extra }) => extra.event_id ?? []);
  const log = {
    events: outcomes.length,
    failed: problems.length,
    ...(unknown.length > 0 && { event_ids: unknown.slice(0, MAX_LOGGED_IDS) }),
  };
  if (problems.length === outcomes.length && problems.every(({ status }) => status === first.status)) {
    const detail = `all ${outcomes.length} events, see results; the first: ${first.detail}`;
    throw new Problem(first.status, first.slug, first.title, detail, { results }, first.headers, log);
  }
  return {
    status: 207,
    body: { results },
    headers: problems.some(({ status }) => status >= 500) ? retryAfter : {},
    failed: true,
    log,
  };
}

function describe(outcome: Outcome, index: number): object {
  if (!(outcome instanceof Problem)) {
    return { index, status: 202, event_id: outcome.event_id, timestamp: outcome.timestamp };
  }
  const { event_id, timestamp } = outcome.extra;
  return { index, status: outcome.status, event_id, timestamp, problem: outcome };
}

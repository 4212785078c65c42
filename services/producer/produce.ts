import type { IncomingMessage } from 'node:http';
import { QueueFullError } from '../common/coalescer';
import type { PriceEvent } from '../common/event';
import type { Reply } from '../common/http';
import type { BodyReader } from '../common/http-body';
import { Problem, retryAfter, unavailable } from '../common/problem';
import { arrayReply, refuseConflicts, type Outcome } from './array';
import type { Deadlines } from './deadlines';
import { KafkaUnavailableError, OutcomeUnknownError } from './publisher';
import type { EventReader } from './request';

export type EventResult = 'accepted' | 'refused' | 'failed';

export interface ProduceDeps {
  readonly isAuthorised: (key: string | string[] | undefined) => boolean;
  readonly isStopping: () => boolean;
  readonly bodies: BodyReader;
  readonly reader: EventReader;
  readonly maxArrayEvents: number;
  readonly deadlines: Deadlines;
  /** All of them in one batch, or none. */
  readonly publish: (events: readonly PriceEvent[]) => Promise<void>;
  /** `reason` is the last part of the problem's type; empty for what was accepted. */
  readonly onEvents: (result: EventResult, reason: string, count: number) => void;
}

/** POST /produce: 202 once Kafka has the event, or all events of the array, and not before. */
export async function produce(request: IncomingMessage, deps: ProduceDeps): Promise<Reply> {
  requireKey(request, deps);
  if (deps.isStopping()) throw unavailable('stopping', 'this replica is stopping');
  const body = await deps.bodies.readJson(request);
  return Array.isArray(body) ? produceArray(body, deps) : produceOne(body, deps);
}

export function requireKey({ headers }: IncomingMessage, deps: Pick<ProduceDeps, 'isAuthorised'>): void {
  if (deps.isAuthorised(headers['x-api-key'])) return;
  throw new Problem(401, 'unauthorised', 'Unauthorised', 'the header x-api-key is missing or wrong');
}

async function produceOne(body: unknown, deps: ProduceDeps): Promise<Reply> {
  const event = deps.reader.read(body);
  if (event instanceof Problem) {
    deps.onEvents('refused', event.slug, 1);
    throw event;
  }
  const problem = await publish([event], deps);
  if (problem !== undefined) throw withEvent(problem, event);
  return {
    status: 202,
    body: { event_id: event.event_id, status: 'accepted', timestamp: event.timestamp },
    log: { event_id: event.event_id },
  };
}

async function produceArray(body: readonly unknown[], deps: ProduceDeps): Promise<Reply> {
  if (body.length === 0) throw new Problem(400, 'empty-array', 'Bad request', 'the array has no event');
  if (body.length > deps.maxArrayEvents) {
    const detail = `the array has ${body.length} events; ${deps.maxArrayEvents} are allowed in one request`;
    throw new Problem(413, 'too-many-events', 'Content too large', detail);
  }
  const { outcomes, events } = refuseConflicts(body.map((item) => deps.reader.read(item)));
  for (const outcome of outcomes) if (outcome instanceof Problem) deps.onEvents('refused', outcome.slug, 1);
  const problem = events.length === 0 ? undefined : await publish(events, deps);
  const final = outcomes.map((outcome): Outcome => {
    if (outcome instanceof Problem || problem === undefined) return outcome;
    return withEvent(problem, outcome);
  });
  return arrayReply(final);
}

/** Why the events are not known to be on the topic; undefined when they are. */
async function publish(events: readonly PriceEvent[], deps: ProduceDeps): Promise<Problem | undefined> {
  try {
    await deps.deadlines.race(deps.publish(events));
    deps.onEvents('accepted', '', events.length);
    return undefined;
  } catch (error) {
    const problem = explainFailure(error);
    deps.onEvents('failed', problem?.slug ?? 'internal', events.length);
    if (problem === undefined) throw error;
    return problem;
  }
}

function explainFailure(error: unknown): Problem | undefined {
  if (error instanceof QueueFullError) return unavailable('queue-full', error.message);
  if (error instanceof KafkaUnavailableError) return unavailable('kafka-unavailable', error.message);
  if (!(error instanceof OutcomeUnknownError)) return undefined;
  const detail = `the event may or may not be stored; sending it again with this event_id is safe (${error.message})`;
  return new Problem(504, 'outcome-unknown', 'Outcome unknown', detail, {}, retryAfter);
}

/** The id and time that the producer gave the event: a safe retry states both if it stated one. */
function withEvent(problem: Problem, { event_id, timestamp }: PriceEvent): Problem {
  const { status, slug, title, detail, headers } = problem;
  return status === 504 ? new Problem(status, slug, title, detail, { event_id, timestamp }, headers) : problem;
}

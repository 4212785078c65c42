import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { QueueFullError } from '../common/coalescer';
import type { PriceEvent } from '../common/event';
import type { Reply } from '../common/http';
import { readJson } from '../common/http-body';
import { Problem } from '../common/problem';
import { KafkaUnavailableError, OutcomeUnknownError } from './publisher';

const RETRY_AFTER_SECONDS = 5;

export interface ProduceDeps {
  readonly isAuthorised: (key: string | string[] | undefined) => boolean;
  readonly maxBodyBytes: number;
  readonly answerTimeoutMs: number;
  readonly isStopping: () => boolean;
  readonly toEvent: (body: unknown) => PriceEvent;
  readonly publish: (event: PriceEvent) => Promise<void>;
}

/** POST /produce: 202 with the id of the event once Kafka has it, and not before. */
export async function produce(request: IncomingMessage, deps: ProduceDeps): Promise<Reply> {
  if (!deps.isAuthorised(request.headers['x-api-key'])) {
    throw new Problem(401, 'unauthorised', 'Unauthorised', 'the header x-api-key is missing or wrong');
  }
  if (deps.isStopping()) throw unavailable('stopping', 'this replica is stopping');
  const event = deps.toEvent(await readJson(request, deps.maxBodyBytes));
  try {
    await withinTime(deps.publish(event), deps.answerTimeoutMs);
  } catch (error) {
    throw explainFailure(error, event);
  }
  return { status: 202, body: { event_id: event.event_id, status: 'accepted', timestamp: event.timestamp } };
}

async function withinTime(work: Promise<void>, timeoutMs: number): Promise<void> {
  const timer = new AbortController();
  const expired = sleep(timeoutMs, 'expired', { signal: timer.signal }).catch(() => 'cancelled');
  try {
    if ((await Promise.race([work, expired])) === 'expired')
      throw new OutcomeUnknownError(`no answer in ${timeoutMs} ms`);
  } finally {
    timer.abort();
  }
}

function explainFailure(error: unknown, event: PriceEvent): Error {
  if (error instanceof QueueFullError) return unavailable('queue-full', error.message);
  if (error instanceof KafkaUnavailableError) return unavailable('kafka-unavailable', error.message);
  if (error instanceof OutcomeUnknownError) {
    const detail = `the event may or may not be stored; sending it again with this event_id is safe (${error.message})`;
    return new Problem(504, 'outcome-unknown', 'Outcome unknown', detail, { event_id: event.event_id }, retryAfter);
  }
  return error as Error;
}

const retryAfter = { 'retry-after': String(RETRY_AFTER_SECONDS) };

const unavailable = (slug: string, detail: string): Problem =>
  new Problem(503, slug, 'Service unavailable', `nothing was sent: ${detail}`, {}, retryAfter);

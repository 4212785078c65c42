import { setTimeout as sleep } from 'node:timers/promises';
import { jitteredDelayMs } from '../common/backoff';
import type { PriceEvent } from '../common/event';
import { errorText, type Logger } from '../common/log';
import { Problem } from '../common/problem';
import { uuidV7Of } from '../common/uuid';
import type { Feed, FeedSink } from './feed';
import { fetchJson } from './fetch-json';
import type { EventReader } from './request';

export interface HttpFeedOptions extends FeedSink {
  readonly url: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  readonly maxQuotes: number;
  readonly reader: EventReader;
  readonly logger: Logger;
  readonly onPoll: (result: 'ok' | 'failed') => void;
}

/** A source that is away is asked this seldom at most, besides the interval. */
const MAX_BACKOFF_MS = 300_000;
const ROOM_CHECK_MS = 1_000;

/** Polls an HTTP address for quotes. What fails is tried again at the next poll, under the same id. */
export class HttpFeed implements Feed {
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  /** Of the last poll: a source repeats a quote until there is a newer one. */
  private published: ReadonlySet<string> = new Set();
  private failures = 0;
  problem: string | undefined;

  constructor(private readonly options: HttpFeedOptions) {}

  get state(): object {
    const { intervalMs, url } = this.options;
    return {
      kind: 'http',
      url: withoutSecrets(url),
      interval_seconds: intervalMs / 1_000,
      ...(this.problem !== undefined && { problem: this.problem }),
    };
  }

  start(): void {
    this.loop ??= this.run();
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
  }

  private async run(): Promise<void> {
    const { intervalMs } = this.options;
    const { signal } = this.stopping;
    const backoff = { baseMs: intervalMs, maxMs: Math.max(intervalMs, MAX_BACKOFF_MS) };
    while (!signal.aborted) {
      const hadRoom = this.options.room() > 0;
      if (hadRoom) await this.poll();
      const extraMs = this.failures === 0 ? 0 : jitteredDelayMs(this.failures, backoff);
      const delayMs = hadRoom ? intervalMs + extraMs : Math.min(ROOM_CHECK_MS, intervalMs);
      await sleep(delayMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async poll(): Promise<void> {
    const { options } = this;
    try {
      const body = await fetchJson({ ...options, signal: this.stopping.signal });
      const quotes = Array.isArray(body) ? body : [body];
      if (quotes.length > options.maxQuotes)
        throw new Error(`answered ${quotes.length} quotes, more than ${options.maxQuotes}`);
      const refusals = await this.publish(quotes);
      this.failures = 0;
      options.onPoll('ok');
      this.report(refusals.length === 0 ? undefined : `refused ${refusals.length}, the first: ${refusals[0].detail}`);
    } catch (error) {
      if (this.stopping.signal.aborted) return;
      this.failures += 1;
      options.onPoll('failed');
      this.report(errorText(error));
    }
  }

  private async publish(quotes: readonly unknown[]): Promise<Problem[]> {
    const { reader, publish, onResult } = this.options;
    const refusals: Problem[] = [];
    const events = new Map<string, PriceEvent>();
    for (const quote of quotes) {
      const event = identify(quote, reader.read(quote));
      if (event instanceof Problem) refusals.push(event);
      else events.set(event.event_id, event);
    }
    if (refusals.length > 0) onResult('refused', refusals.length);
    const fresh = [...events.values()].filter(({ event_id }) => !this.published.has(event_id));
    if (fresh.length > 0) {
      try {
        await publish(fresh);
      } catch (error) {
        onResult('failed', fresh.length);
        throw error;
      }
      onResult('sent', fresh.length);
    }
    this.published = new Set(events.keys());
    return refusals;
  }

  private report(reason: string | undefined): void {
    const problem = reason === undefined ? undefined : `feed ${withoutSecrets(this.options.url)}: ${reason}`;
    if (problem === this.problem) return;
    this.problem = problem;
    if (problem === undefined) this.options.logger.info('the feed brings prices again');
    else this.options.logger.warn({ reason: problem }, 'the feed has a problem');
  }
}

/**
 * A quote with a time but no id gets one made of its content, so that replicas that poll the same quote, and one that
 * polls it twice, make one document of it.
 */
export function identify(quote: unknown, event: PriceEvent | Problem): PriceEvent | Problem {
  if (event instanceof Problem) return event;
  const { event_id, timestamp } = quote as Partial<PriceEvent>;
  if (event_id !== undefined || timestamp === undefined) return event;
  const content = [event.source, event.metal, event.price, event.currency, event.unit, event.timestamp];
  return { ...event, event_id: uuidV7Of(Date.parse(event.timestamp), JSON.stringify(content)) };
}

/** An address may carry a password or a token; logs and answers show the rest. */
function withoutSecrets(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

import { setTimeout as sleep } from 'node:timers/promises';

export interface Backoff {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Full jitter: anything between nothing and the exponential bound, so that replicas do not retry in step. */
export function jitteredDelayMs(attempt: number, backoff: Backoff, random: () => number = Math.random): number {
  const bound = Math.min(backoff.maxMs, backoff.baseMs * 2 ** Math.min(attempt, 30));
  return Math.round(random() * bound);
}

export interface RetryRequest {
  readonly backoff: Backoff;
  /** Ends the retries: the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  readonly onRetry: (error: Error, attempt: number) => Promise<void> | void;
  /** An error that no retry can cure is thrown at once. @default every error is retried */
  readonly isRetriable?: (error: Error) => boolean;
}

/** Repeats `action` until it succeeds; never gives up by itself. */
export async function retryForever<T>(action: () => Promise<T>, request: RetryRequest): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    request.signal.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      const failure = error instanceof Error ? error : new Error(String(error));
      if (request.isRetriable?.(failure) === false) throw failure;
      await request.onRetry(failure, attempt);
      await sleep(jitteredDelayMs(attempt, request.backoff), undefined, { signal: request.signal });
    }
  }
}

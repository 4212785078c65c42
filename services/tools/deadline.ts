import { setTimeout as sleep } from 'node:timers/promises';
import { errorText } from '../common/log';

const POLL_INTERVAL_MS = 500;

export interface WaitRequest<T> {
  readonly what: string;
  readonly deadlineMs: number;
  readonly action: () => Promise<T>;
  /** Whether an error ends it at once, because no repetition mends it. @default none does */
  readonly isFinal?: (error: unknown) => boolean;
  /** Called with the reason whenever it changes. */
  readonly onWait?: (reason: string, secondsLeft: number) => void;
}

/** Repeats `action` until it succeeds or the deadline has passed; the error's cause is then the last reason. */
export async function waitFor<T>(request: WaitRequest<T>): Promise<T> {
  const endMs = Date.now() + request.deadlineMs;
  let told = '';
  for (;;) {
    try {
      return await request.action();
    } catch (error) {
      if (request.isFinal?.(error)) throw error;
      const reason = errorText(error);
      const leftMs = endMs - Date.now();
      if (leftMs <= 0) throw new Error(`${request.what} failed for ${request.deadlineMs / 1_000} s`, { cause: error });
      if (reason !== told) request.onWait?.(reason, Math.ceil(leftMs / 1_000));
      told = reason;
      await sleep(Math.min(POLL_INTERVAL_MS, leftMs));
    }
  }
}

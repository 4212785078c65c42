/** A point in time that a wait may not pass. */
export class Deadline {
  private readonly startedAtMs = Date.now();

  constructor(readonly timeoutSeconds: number) {
    if (!(timeoutSeconds > 0)) throw new Error(`timeout must be more than 0 seconds, got ${timeoutSeconds}`);
  }

  get elapsedSeconds(): number {
    return (Date.now() - this.startedAtMs) / 1000;
  }

  get remainingSeconds(): number {
    return Math.max(0, this.timeoutSeconds - this.elapsedSeconds);
  }

  get passed(): boolean {
    return this.remainingSeconds <= 0;
  }
}

/** Thrown when a wait reached its deadline; `reason` is what it was still waiting for. */
export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';

  constructor(
    readonly what: string,
    readonly timeoutSeconds: number,
    readonly reason: string,
  ) {
    super(`${what} did not finish within ${Math.round(timeoutSeconds)} s: ${reason}`);
  }
}

/** One look at something: either it is there, or why not yet. */
export type Look<T> = { readonly value: T } | { readonly waitingFor: string };

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 3000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Looks again and again, first twice a second and then every 3 s, until there is a value or the deadline passes.
 *
 * @param firstPauseMs for somebody who waits @default 500
 */
export async function pollUntil<T>(
  what: string,
  deadline: Deadline,
  look: () => Promise<Look<T>>,
  onWait?: (reason: string) => void,
  firstPauseMs = FIRST_PAUSE_MS,
): Promise<T> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.3)) {
    const seen = await look();
    if ('value' in seen) return seen.value;
    if (deadline.passed) throw new DeadlineError(what, deadline.timeoutSeconds, seen.waitingFor);
    onWait?.(seen.waitingFor);
    await pause(Math.min(pauseMs, deadline.remainingSeconds * 1000 + 1));
  }
}

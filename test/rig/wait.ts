import { setTimeout as sleep } from 'node:timers/promises';

export interface Waiting {
  readonly what: string;
  readonly timeoutSeconds: number;
  readonly intervalMs?: number;
  /** Hears why, every few seconds. */
  readonly report?: (line: string) => void;
}

/** Ends the waiting at once: what is waited for cannot come any more. */
export class GaveUpError extends Error {
  override readonly name = 'GaveUpError';
}

const REPORT_EVERY_MS = 5_000;

/** Looks until `look` returns undefined; it returns, or throws, the reason why not yet. */
export async function waitUntil(waiting: Waiting, look: () => Promise<string | undefined>): Promise<void> {
  const startMs = Date.now();
  let reportedMs = startMs;
  for (;;) {
    const reason = await look().catch((error: Error) => {
      if (error instanceof GaveUpError) throw new Error(`${waiting.what}: ${error.message}`);
      return error.message;
    });
    if (reason === undefined) return;
    const elapsedMs = Date.now() - startMs;
    if (elapsedMs > waiting.timeoutSeconds * 1_000) {
      throw new Error(`${waiting.what}: not within ${waiting.timeoutSeconds} s: ${reason}`);
    }
    if (Date.now() - reportedMs > REPORT_EVERY_MS) {
      reportedMs = Date.now();
      waiting.report?.(`waiting for ${waiting.what} (${Math.round(elapsedMs / 1_000)} s): ${reason.split('\n')[0]}`);
    }
    await sleep(waiting.intervalMs ?? 200);
  }
}

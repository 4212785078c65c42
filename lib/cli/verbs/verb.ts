/** What every verb of `metals` consists of. */
import type { Context } from '../context';

/** How long programs that run for a verb may take to stop after Ctrl-C. */
export const GRACE_MS = 5000;

export interface Verb<O = Record<string, never>> {
  /** What has not happened, when it fails and does not say more. */
  readonly failure: string;
  /** Does it; the result is the exit code. */
  readonly run: (context: Context, options: O) => Promise<number>;
  /** For work that stops by itself after Ctrl-C. @default none */
  readonly graceMs?: number;
}

/**
 * Binds a verb to the command line: context first, errors explained, Ctrl-C honoured. The verb is loaded when it is asked
 * for: no other one, and no `--help`, waits for its clients of AWS.
 */
export type Bind = <O>(load: () => Promise<{ readonly verb: Verb<O> }>) => (options: O) => Promise<void>;

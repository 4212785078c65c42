/** Ctrl-C: say what is left and how to go on, leave with 130. A second Ctrl-C leaves at once. */
import { setMaxListeners } from 'node:events';
import { EXIT } from '../contract';

/** npm and tsx pass on the signal that the terminal has sent already: what comes so soon is the same Ctrl-C. */
const ECHO_MS = 1000;
/** What a shell reports for a process ended by SIGTERM. */
const TERMINATED_EXIT_CODE = 143;

export interface Interruption {
  readonly signal: AbortSignal;
  /** 130 for SIGINT, 143 for SIGTERM. */
  exitCode(): number;
  /** While this runs, SIGINT is not heard: the terminal sends it to another program as well. @default it is */
  readonly without?: <T>(work: () => Promise<T>) => Promise<T>;
}

export function watchInterruption(source: NodeJS.Process = process): Interruption {
  const controller = new AbortController();
  // One for each call that waits, of which the preflight makes many at once.
  setMaxListeners(0, controller.signal);
  let code: number = EXIT.interrupted;
  let firstAtMs = 0;
  let isElsewhere = false;
  const watch = (name: 'SIGINT' | 'SIGTERM', exitCode: number): void => {
    source.on(name, () => {
      if (isElsewhere && name === 'SIGINT') return;
      if (controller.signal.aborted) {
        if (Date.now() - firstAtMs > ECHO_MS) source.exit(exitCode);
        return;
      }
      code = exitCode;
      firstAtMs = Date.now();
      controller.abort();
    });
  };
  watch('SIGINT', EXIT.interrupted);
  watch('SIGTERM', TERMINATED_EXIT_CODE);
  const without = async <T>(work: () => Promise<T>): Promise<T> => {
    isElsewhere = true;
    // As the AWS CLI does: to leave, or to stop, is for the other program as well.
    const ignore = (): void => undefined;
    for (const name of ['SIGQUIT', 'SIGTSTP'] as const) source.on(name, ignore);
    try {
      return await work();
    } finally {
      isElsewhere = false;
      for (const name of ['SIGQUIT', 'SIGTSTP'] as const) source.off(name, ignore);
    }
  };
  return { signal: controller.signal, exitCode: () => code, without };
}

/** Ends with the work, or, once interrupted, when the work has stopped or its time to do so is over. */
export async function untilInterrupted<T>(
  work: Promise<T>,
  signal: AbortSignal,
  graceMs: number,
): Promise<T | 'interrupted'> {
  let grace: NodeJS.Timeout | undefined;
  const interrupted = new Promise<'interrupted'>((resolve) => {
    const onAbort = (): void => {
      const stopped = (): void => resolve('interrupted');
      grace = setTimeout(stopped, graceMs);
      // How the work ended no longer matters: it was told to stop.
      work.then(stopped, stopped);
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([
      interrupted,
      work.catch((error: unknown) => (signal.aborted ? interrupted : Promise.reject(error))),
    ]);
  } finally {
    clearTimeout(grace);
  }
}

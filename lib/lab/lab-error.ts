import { ActionableError } from '../actionable-error';

/** A failure that the user of the lab can act on: what failed, and the exact thing to do next. */
export class LabError extends ActionableError {}

/** How a step of the lab tells what it does, and learns that it was interrupted. */
export interface Progress {
  readonly report: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Runs work and reports how long it took. */
export async function timed<T>(progress: Progress, title: string, work: () => Promise<T>): Promise<T> {
  progress.report(`${title} …`);
  const started = Date.now();
  const result = await work();
  progress.report(`${title}: done in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

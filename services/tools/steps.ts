import { errorText } from '../common/log';

/** What a step found; `value` is what a person wants to see of it. */
export interface Step {
  readonly name: string;
  readonly run: () => Promise<string>;
}

export interface StepResult {
  readonly step: number;
  readonly name: string;
  readonly ok: boolean;
  readonly value: string | null;
  readonly duration_ms: number;
  readonly error?: string;
}

/** Runs the steps in order and tells each result; the first failure ends it, for what follows would fail with it. */
export async function runSteps(steps: readonly Step[], tell: (result: StepResult) => void): Promise<boolean> {
  for (const [index, step] of steps.entries()) {
    const startedAt = performance.now();
    const elapsed = (): number => Math.round(performance.now() - startedAt);
    const head = { step: index + 1, name: step.name };
    try {
      const value = await step.run();
      tell({ ...head, ok: true, value, duration_ms: elapsed() });
    } catch (error) {
      tell({ ...head, ok: false, value: null, duration_ms: elapsed(), error: errorText(error) });
      return false;
    }
  }
  return true;
}

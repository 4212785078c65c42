/** The answer of the document smoke-test: JSON lines, one for each step. */
import { z } from 'zod';
import { CliError } from './errors';
import { visible } from '../safe-text';

const schema = z.object({
  step: z.number().int(),
  name: z.string(),
  ok: z.boolean(),
  value: z
    .union([z.string(), z.number()])
    .nullable()
    .transform((value) => (value === null ? '' : String(value))),
  duration_ms: z.number(),
  error: z.string().nullable(),
});

export type SmokeStep = z.infer<typeof schema>;
export const SMOKE_STEPS = 7;

/** Other lines on stdout are passed over, but a line that starts like a step must be one. */
export function parseSmokeSteps(stdout: string): SmokeStep[] {
  return stdout
    .split('\n')
    .filter((line) => line.trimStart().startsWith('{'))
    .map((line) => {
      try {
        return schema.parse(JSON.parse(line));
      } catch (error) {
        throw new CliError(
          'the smoke test could not be read',
          `the document smoke-test answered ${JSON.stringify(line.slice(0, 200))}, which is not a step`,
          ['./bin/metals deploy    # brings document and command line to the same version'],
          'other-version',
          { cause: error },
        );
      }
    });
}

/** Passed means: all steps ran, in order, and each is ok. */
export const smokePassed = (steps: readonly SmokeStep[]): boolean =>
  steps.length === SMOKE_STEPS && steps.every((step, index) => step.ok && step.step === index + 1);

/** A node reports them, so they are shown in characters that can be seen. */
export function smokeRows(steps: readonly SmokeStep[]): string[][] {
  const rows = [
    ['', 'step', 'result', 'measured', 'duration'],
    ...steps.map((step) => [
      String(step.step),
      step.name,
      step.ok ? 'ok' : 'FAILED',
      step.error ? [step.value, step.error].filter(Boolean).join(': ') : step.value,
      `${Math.round(step.duration_ms)} ms`,
    ]),
  ];
  return rows.map((row) => row.map(visible));
}

/** Pure: a document's steps, ready to run, and what the end of one means for the next. */
import type { DocumentContent, StepDefinition } from './document-content';
import { substitute, substituteLines, type ParameterValues } from './parameters';

export interface PlannedStep {
  readonly name: string;
  readonly script: string;
  readonly timeoutSeconds: number;
  readonly workingDirectory: string | undefined;
  readonly onFailure: string | undefined;
  readonly onSuccess: string | undefined;
  readonly finallyStep: boolean;
  /** The step is for another platform. */
  readonly skipped: boolean;
}

const DEFAULT_TIMEOUT_SECONDS = 3600;
const MIN_TIMEOUT_SECONDS = 5;
const MAX_TIMEOUT_SECONDS = 172_800;

export function planSteps(content: DocumentContent, values: ParameterValues): PlannedStep[] {
  return content.mainSteps.map((step) => planStep(content, step, values));
}

function planStep(content: DocumentContent, step: StepDefinition, values: ParameterValues): PlannedStep {
  const inputs = step.inputs ?? {};
  const text = (name: string): string | undefined =>
    inputs[name] === undefined ? undefined : substitute(content, values, String(inputs[name]));
  const platform = step.precondition?.StringEquals;
  return {
    name: step.name,
    script: `${substituteLines(content, values, inputs.runCommand).join('\n')}\n`,
    timeoutSeconds: executionTimeout(text('timeoutSeconds')),
    workingDirectory: text('workingDirectory') || undefined,
    onFailure: text('onFailure'),
    onSuccess: text('onSuccess'),
    finallyStep: text('finallyStep') === 'true',
    skipped: platform?.includes('platformType') === true && !platform.includes('Linux'),
  };
}

/** A value out of range silently becomes an hour, as with the agent. */
function executionTimeout(text: string | undefined): number {
  const seconds = Number(text ?? DEFAULT_TIMEOUT_SECONDS);
  return seconds >= MIN_TIMEOUT_SECONDS && seconds <= MAX_TIMEOUT_SECONDS ? seconds : DEFAULT_TIMEOUT_SECONDS;
}

export interface StepOutcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: 'exited' | 'timed-out' | 'cancelled';
}

/** What a step's end makes of the invocation: its own status, and whether later steps still run. */
export interface StepVerdict {
  readonly status: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled';
  readonly stop: boolean;
  readonly note?: string;
}

const EXIT_SUCCEED_AND_STOP = 168;
const EXIT_FAIL_AND_STOP = 169;
const EXIT_REBOOT = 194;

export function judgeStep(step: PlannedStep, outcome: StepOutcome): StepVerdict {
  if (outcome.ended === 'cancelled') return { status: 'Cancelled', stop: true };
  const stopOnFailure = step.onFailure === 'exit';
  if (outcome.ended === 'timed-out') {
    const note = `the step was ended after its timeout of ${step.timeoutSeconds} s`;
    return { status: 'TimedOut', stop: stopOnFailure, note };
  }
  switch (outcome.exitCode) {
    case 0:
      return { status: 'Success', stop: step.onSuccess === 'exit' };
    case EXIT_SUCCEED_AND_STOP:
      return { status: 'Success', stop: true };
    case EXIT_FAIL_AND_STOP:
      return { status: 'Failed', stop: true };
    case EXIT_REBOOT:
      return { status: 'Failed', stop: true, note: 'exit code 194 asks for a reboot, which the lab does not do' };
    default:
      if (step.onFailure === 'successAndExit') return { status: 'Success', stop: true };
      return { status: 'Failed', stop: stopOnFailure, note: `failed to run commands: exit status ${outcome.exitCode}` };
  }
}

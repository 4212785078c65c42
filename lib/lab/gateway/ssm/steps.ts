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

/** What a step's end makes of it and of the steps after it. */
export interface StepResult {
  readonly status: 'Success' | 'Failed' | 'TimedOut' | 'Cancelled';
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether later steps are skipped, but for a finallyStep at the end. */
  readonly stop: boolean;
}

/** The agent's exit code of a step that it has killed, and what it takes for a time-out wherever it sees it. */
export const EXIT_KILLED = 137;
const EXIT_SUCCEED_AND_STOP = 168;
const EXIT_FAIL_AND_STOP = 169;
const EXIT_REBOOT = 194;

/**
 * Whether the agent adds its own line to stderr: not after a kill, where nothing says why. CloudWatch Logs get this
 * line too, but nothing of what concludeStep adds.
 */
export function streamedStderr({ exitCode, stderr }: StepOutcome): string {
  const silent = exitCode === 0 || exitCode === EXIT_KILLED || exitCode === EXIT_REBOOT;
  return silent ? stderr : `${stderr}failed to run commands: exit status ${exitCode}`;
}

/** Status and text as amazon-ssm-agent's runpluginutil.RunPlugins makes them. */
export function concludeStep(step: PlannedStep, outcome: StepOutcome): StepResult {
  const { exitCode, stdout } = outcome;
  const stderr = streamedStderr(outcome);
  const result = { exitCode, stdout, stderr, stop: false };
  const withText = (text: string) => ({ stdout: `${stdout}\n${text}`, stderr: `${stderr}\n${text}`, stop: true });
  if (outcome.ended === 'cancelled') return { ...result, status: 'Cancelled' };
  // onFailure is about Failed alone: after a time-out the agent goes on.
  if (exitCode === EXIT_KILLED) return { ...result, status: 'TimedOut' };
  if (exitCode === 0) return { ...result, status: 'Success', stop: step.onSuccess === 'exit' };
  if (exitCode === EXIT_SUCCEED_AND_STOP) {
    return { ...result, ...withText(endText(exitCode, 'succeeded')), stderr: '', status: 'Success' };
  }
  if (exitCode === EXIT_FAIL_AND_STOP) return { ...result, ...withText(endText(exitCode, 'Failed')), status: 'Failed' };
  if (exitCode === EXIT_REBOOT) {
    const note = 'exit code 194 asks for a reboot, which the lab does not do';
    return { ...result, stderr: `${stderr}\n${note}`, status: 'Failed', stop: true };
  }
  if (step.onFailure !== 'exit' && step.onFailure !== 'successAndExit') return { ...result, status: 'Failed' };
  const text = withText('Step was found to have onFailure property. Further document steps will be skipped.');
  if (step.onFailure === 'exit') return { ...result, ...text, status: 'Failed' };
  return { ...result, ...text, status: 'Success', exitCode: EXIT_SUCCEED_AND_STOP };
}

const endText = (exitCode: number, status: string): string =>
  `Step exited with code ${exitCode}. Therefore, marking step as ${status}. Further document steps will be skipped.`;

/** Whether a step runs although one before it has stopped the document: only the last one may, with finallyStep. */
export const runsAfterStop = (steps: readonly PlannedStep[], index: number): boolean =>
  index === steps.length - 1 && steps[index]!.finallyStep;

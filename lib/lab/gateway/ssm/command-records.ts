/** What the lab remembers about commands, and the statuses that follow from one another. */
import type { TargetInput } from './targets';

export type CommandStatus = 'Pending' | 'InProgress' | 'Cancelling' | 'Success' | 'Failed' | 'TimedOut' | 'Cancelled';

/** `Skipped` is the agent's; the API shows it as a Success with these details. */
export type StepStatus = CommandStatus | 'Skipped';

export interface StepRecord {
  readonly name: string;
  status: StepStatus;
  statusDetails: string;
  /** -1 until it has ended, as in the API. */
  responseCode: number;
  stdout: string;
  stderr: string;
  startedTime?: number;
  finishedTime?: number;
}

export interface InvocationRecord {
  readonly instanceId: string;
  readonly instanceName: string;
  readonly requestedTime: number;
  status: CommandStatus;
  statusDetails: string;
  /** The agent's own words about a document that it did not begin. */
  traceOutput?: string;
  steps: StepRecord[];
}

export interface CommandRecord {
  readonly id: string;
  readonly documentName: string;
  readonly documentVersion: number;
  readonly requestedTime: number;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  readonly instanceIds: readonly string[];
  readonly targets: readonly TargetInput[];
  readonly comment: string;
  /** TimeoutSeconds of the API. */
  readonly deliveryTimeoutSeconds: number;
  /** After it, what has not begun is DeliveryTimedOut: the delivery's time and all execution times have passed. */
  readonly expiresTime: number;
  readonly maxConcurrency: string;
  readonly maxErrors: string;
  /** Set for State Manager's own runs, which ListCommands does not show. */
  readonly associationId?: string;
  readonly logGroupName?: string;
  status: CommandStatus;
  statusDetails: string;
  invocations: Record<string, InvocationRecord>;
}

const FINAL: readonly StepStatus[] = ['Success', 'Failed', 'TimedOut', 'Cancelled', 'Skipped'];
export const isFinal = (status: StepStatus): boolean => FINAL.includes(status);

const STATUS_DETAILS: Partial<Record<StepStatus, string>> = { TimedOut: 'ExecutionTimedOut' };

export function setStatus<Status extends StepStatus>(
  record: { status: Status; statusDetails: string },
  status: Status,
  details: string = STATUS_DETAILS[status] ?? status,
): void {
  record.status = status;
  record.statusDetails = details;
}

/** Where the agent, too, keeps a step's script. */
export const stepDirectory = (command: CommandRecord, invocation: InvocationRecord, step: string): string =>
  `/var/lib/amazon/ssm/${invocation.instanceId}/document/orchestration/${command.id}/${step}`;

/** An invocation's status out of its steps', in the agent's order of precedence; skipped is a form of success. */
export function invocationStatus(steps: readonly StepRecord[]): CommandStatus {
  const statuses = steps.map((step) => step.status);
  return (['Failed', 'TimedOut', 'Cancelled'] as const).find((status) => statuses.includes(status)) ?? 'Success';
}

/** A command's status out of its invocations', once all are final. */
export function commandStatus(invocations: readonly InvocationRecord[]): CommandStatus {
  const statuses = invocations.filter((each) => each.statusDetails !== 'Terminated').map((each) => each.status);
  if (statuses.includes('Failed')) return 'Failed';
  if (statuses.includes('TimedOut')) return 'TimedOut';
  return statuses.includes('Cancelled') ? 'Cancelled' : 'Success';
}

/** `3` or `50%` of the targets, as Run Command counts: at least one may run, no error may be allowed. */
export function absoluteLimit(limit: string, targetCount: number): number {
  return limit.endsWith('%') ? Math.floor((targetCount * parseInt(limit, 10)) / 100) : Number(limit);
}

/** For so long Run Command keeps a command that has ended [Run Command: command history]. */
const KEPT_SECONDS = 30 * 24 * 3600;

/** Pure: whether Run Command has forgotten the command by `now`, in seconds. */
export const isForgotten = ({ status, requestedTime }: CommandRecord, now: number): boolean =>
  isFinal(status) && now - requestedTime > KEPT_SECONDS;

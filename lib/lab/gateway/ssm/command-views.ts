/** Pure: commands and invocations as the API shows them. */
import { isFinal, type CommandRecord, type InvocationRecord, type StepRecord } from './command-records';

/** ListCommandInvocations shows this much of a step's output. */
const PLUGIN_OUTPUT_CHARACTERS = 2500;

export function commandView(command: CommandRecord): Record<string, unknown> {
  const invocations = Object.values(command.invocations);
  return {
    CommandId: command.id,
    DocumentName: command.documentName,
    DocumentVersion: String(command.documentVersion),
    Comment: command.comment,
    ExpiresAfter: command.requestedTime + command.deliveryTimeoutSeconds,
    Parameters: command.parameters,
    InstanceIds: command.instanceIds,
    Targets: command.targets,
    RequestedDateTime: command.requestedTime,
    Status: command.status,
    StatusDetails: command.statusDetails,
    TimeoutSeconds: command.deliveryTimeoutSeconds,
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: invocations.length,
    CompletedCount: invocations.filter(({ status }) => isFinal(status)).length,
    ErrorCount: invocations.filter(({ status }) => status === 'Failed' || status === 'TimedOut').length,
    DeliveryTimedOutCount: invocations.filter(({ statusDetails }) => statusDetails === 'DeliveryTimedOut').length,
    OutputS3BucketName: '',
    OutputS3KeyPrefix: '',
    CloudWatchOutputConfig: outputConfig(command),
  };
}

const outputConfig = ({ logGroupName }: CommandRecord) => ({
  CloudWatchLogGroupName: logGroupName ?? '',
  CloudWatchOutputEnabled: logGroupName !== undefined,
});

export function invocationView(command: CommandRecord, invocation: InvocationRecord, details: boolean) {
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    InstanceName: invocation.instanceName,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: String(command.documentVersion),
    RequestedDateTime: invocation.requestedTime,
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CloudWatchOutputConfig: outputConfig(command),
    CommandPlugins: details ? invocation.steps.map(pluginView) : [],
  };
}

const pluginView = (step: StepRecord) => ({
  Name: step.name,
  Status: step.status,
  StatusDetails: step.statusDetails,
  ResponseCode: step.responseCode,
  ResponseStartDateTime: step.startedTime,
  ResponseFinishDateTime: step.finishedTime,
  Output: `${step.stdout}${step.stderr ? `\n----------ERROR-------\n${step.stderr}` : ''}`.slice(
    0,
    PLUGIN_OUTPUT_CHARACTERS,
  ),
  StandardOutputUrl: '',
  StandardErrorUrl: '',
});

/** GetCommandInvocation: one step, or all of them together where the caller names none. */
export function invocationOutput(command: CommandRecord, invocation: InvocationRecord, stepName?: string) {
  const steps = stepName ? invocation.steps.filter(({ name }) => name === stepName) : invocation.steps;
  const only = steps.length === 1 ? steps[0] : undefined;
  const started = steps.map((step) => step.startedTime).find((time) => time !== undefined);
  const finished = steps.map((step) => step.finishedTime).findLast((time) => time !== undefined);
  const done = only ? isFinal(only.status) : isFinal(invocation.status);
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: String(command.documentVersion),
    PluginName: only?.name ?? '',
    ResponseCode: done ? responseCode(steps) : -1,
    ExecutionStartDateTime: started === undefined ? '' : isoTime(started),
    ExecutionElapsedTime:
      started === undefined || finished === undefined ? '' : `PT${(finished - started).toFixed(3)}S`,
    ExecutionEndDateTime: done && finished !== undefined ? isoTime(finished) : '',
    Status: only && stepName ? only.status : invocation.status,
    StatusDetails: only && stepName ? only.statusDetails : invocation.statusDetails,
    StandardOutputContent: steps.map((step) => step.stdout).join(''),
    StandardOutputUrl: '',
    StandardErrorContent: steps.map((step) => step.stderr).join(''),
    StandardErrorUrl: '',
    CloudWatchOutputConfig: outputConfig(command),
  };
}

/** The first failure's code; a step that never ran has -1. */
const responseCode = (steps: readonly StepRecord[]): number =>
  steps.find((step) => step.status !== 'Success')?.responseCode ?? steps.at(-1)?.responseCode ?? -1;

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

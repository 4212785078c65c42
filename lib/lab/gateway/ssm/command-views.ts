/** Pure: commands and invocations as the API shows them. */
import { isFinal, type CommandRecord, type InvocationRecord, type StepRecord } from './command-records';

/** ListCommandInvocations shows this much of a step's output. */
const PLUGIN_OUTPUT_CHARACTERS = 2500;
/** The model's bound of the agent's own words. */
const TRACE_OUTPUT_CHARACTERS = 2500;

/** For so long after a command was sent its targets are not counted, unless it is over. */
const COUNTED_AFTER_SECONDS = 1;

const isCounted = ({ status, requestedTime }: CommandRecord, now: number): boolean =>
  isFinal(status) || now / 1000 >= requestedTime + COUNTED_AFTER_SECONDS;

export function commandView(command: CommandRecord, now = Date.now()): Record<string, unknown> {
  const invocations = Object.values(command.invocations);
  return {
    CommandId: command.id,
    DocumentName: command.documentName,
    DocumentVersion: String(command.documentVersion),
    Comment: command.comment,
    ExpiresAfter: command.expiresTime,
    Parameters: command.parameters,
    InstanceIds: command.instanceIds,
    Targets: command.targets,
    RequestedDateTime: command.requestedTime,
    Status: command.status,
    StatusDetails: command.statusDetails,
    TimeoutSeconds: command.deliveryTimeoutSeconds,
    MaxConcurrency: command.maxConcurrency,
    MaxErrors: command.maxErrors,
    TargetCount: isCounted(command, now) ? invocations.length : 0,
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
    TraceOutput: (invocation.traceOutput ?? '').slice(0, TRACE_OUTPUT_CHARACTERS),
    StandardOutputUrl: '',
    StandardErrorUrl: '',
    CloudWatchOutputConfig: outputConfig(command),
    CommandPlugins: details ? invocation.steps.map(pluginView) : [],
  };
}

/** The API's enumeration has no Skipped; its details have. */
const apiStatus = ({ status }: StepRecord) => (status === 'Skipped' ? 'Success' : status);

const pluginView = (step: StepRecord) => ({
  Name: step.name,
  Status: apiStatus(step),
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

/** GetCommandInvocation: a step by its name, or a document's only one; of several without a name no output comes. */
export function invocationOutput(command: CommandRecord, invocation: InvocationRecord, stepName?: string) {
  const { steps } = invocation;
  const step = steps.length === 1 ? steps[0] : steps.find(({ name }) => name === stepName);
  const started = step?.startedTime;
  const finished = step?.finishedTime;
  return {
    CommandId: command.id,
    InstanceId: invocation.instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    DocumentVersion: String(command.documentVersion),
    PluginName: step?.name ?? '',
    ResponseCode: step?.responseCode ?? -1,
    ExecutionStartDateTime: started === undefined ? '' : isoTime(started),
    ExecutionElapsedTime:
      started === undefined || finished === undefined ? '' : `PT${(finished - started).toFixed(3)}S`,
    ExecutionEndDateTime: finished === undefined ? '' : isoTime(finished),
    Status: step && stepName ? apiStatus(step) : invocation.status,
    StatusDetails: step && stepName ? step.statusDetails : invocation.statusDetails,
    StandardOutputContent: step?.stdout ?? '',
    StandardOutputUrl: '',
    StandardErrorContent: step?.stderr ?? '',
    StandardErrorUrl: '',
    CloudWatchOutputConfig: outputConfig(command),
  };
}

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString();

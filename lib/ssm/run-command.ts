/**
 * Sends a Systems Manager document to instances and follows it. Shared by the Run Command Lambda, the CLI and the
 * lab tests. The caller needs ssm:DescribeInstanceInformation, SendCommand, CancelCommand, ListCommands,
 * ListCommandInvocations and GetCommandInvocation.
 */
import {
  CancelCommandCommand,
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  InvalidInstanceId,
  InvocationDoesNotExist,
  ListCommandInvocationsCommand,
  ListCommandsCommand,
  SendCommandCommand,
  type Command,
  type CommandInvocation,
  type InstanceInformation,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { Deadline, DeadlineError, pollUntil, type Look } from './deadline';
import { throughThrottling } from './throttling';
import type { CommandProgress, CommandRequest, CommandState, Invocation, Target } from './types';

/** How long an online agent may take to fetch the command. The least that the API accepts is 30. */
const DELIVERY_TIMEOUT_SECONDS = 60;
/** How long Systems Manager may take to agree with itself about what it has just accepted. */
const CONSISTENCY_SECONDS = 30;
/** How long SendCommand may not know an instance that is online already. */
const REGISTRATION_SECONDS = 45;
const DONE_STATUSES = ['Success', 'Cancelled', 'Failed', 'TimedOut'];

/** The agent may hand an empty parameter to the script as no variable at all, so `none` stands for it. */
export const emptyParameters = (documentName: string, names: readonly string[]): string =>
  `document ${documentName}: parameter ${names.join(', ')} is empty; send "none" instead`;

export const describeTargets = (targets: readonly Target[]): string =>
  targets.map((target) => `${target.key}=${target.values.join(',')}`).join(' and ');

/** Ids of the instances that match all targets, once exactly `expectedCount` of them are online. */
export async function waitForTargets(
  ssm: SSMClient,
  targets: readonly Target[],
  expectedCount: number,
  deadline: Deadline,
  onWait?: (reason: string) => void,
): Promise<string[]> {
  const wanted = describeTargets(targets);
  return pollUntil(
    `waiting for ${expectedCount} managed instance(s) with ${wanted}`,
    deadline,
    throughThrottling(async (): Promise<Look<string[]>> => {
      const found = await listInstances(ssm, targets);
      const online = found.filter(isOnline);
      if (online.length === expectedCount) return { value: online.map((instance) => instance.InstanceId!).sort() };
      const offline = found.filter((instance) => !isOnline(instance));
      const others = offline.map((instance) => `${instance.InstanceId} is ${instance.PingStatus}`).join(', ');
      return {
        waitingFor:
          `${online.length} of ${expectedCount} instance(s) with ${wanted} online in Systems Manager` +
          (others ? ` (${others})` : ''),
      };
    }),
    onWait,
  );
}

export const isOnline = ({ PingStatus }: InstanceInformation): boolean => PingStatus === 'Online';

/** Ids, sorted, of the instances that match all targets and are online. */
export const listOnline = async (ssm: SSMClient, targets: readonly Target[]): Promise<string[]> =>
  (await listInstances(ssm, targets))
    .filter(isOnline)
    .map(({ InstanceId }) => InstanceId!)
    .sort();

/** Instances that match all targets, whatever their state. */
export async function listInstances(ssm: SSMClient, targets: readonly Target[]): Promise<InstanceInformation[]> {
  const filters = targets.map((target) => ({
    Key: target.key.toLowerCase() === 'instanceids' ? 'InstanceIds' : target.key,
    Values: [...target.values],
  }));
  const instances: InstanceInformation[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ssm.send(new DescribeInstanceInformationCommand({ Filters: filters, NextToken: nextToken }));
    instances.push(...(page.InstanceInformationList ?? []));
    nextToken = page.NextToken;
  } while (nextToken);
  return instances;
}

/**
 * Sends the command to the instances that match now, by id, so that a wrong number of them is noticed before
 * anything runs. Returns the command id.
 */
export async function sendCommand(ssm: SSMClient, request: CommandRequest): Promise<string> {
  const empty = Object.entries(request.parameters).flatMap(([name, value]) => (value === '' ? [name] : []));
  if (empty.length) throw new Error(emptyParameters(request.documentName, empty));
  const deadline = new Deadline(Math.min(REGISTRATION_SECONDS, request.timeoutSeconds));
  const send = throughThrottling(() => trySend(ssm, request));
  const command = await pollUntil(`sending ${request.documentName}`, deadline, send);
  if (command.TargetCount !== request.expectedInstanceCount) await confirmTargetCount(ssm, command, request);
  return command.CommandId!;
}

/** An instance that has just come online can still be unknown to SendCommand: that is worth another try. */
async function trySend(ssm: SSMClient, request: CommandRequest): Promise<Look<Command>> {
  const online = await listOnline(ssm, request.targets);
  if (online.length !== request.expectedInstanceCount) {
    return {
      waitingFor:
        `${describeTargets(request.targets)} matches ${online.length} online instance(s), ` +
        `expected ${request.expectedInstanceCount}`,
    };
  }
  try {
    const reply = await ssm.send(
      new SendCommandCommand({
        DocumentName: request.documentName,
        InstanceIds: online,
        Parameters: Object.fromEntries(Object.entries(request.parameters).map(([name, value]) => [name, [value]])),
        Comment: request.comment.slice(0, 100),
        TimeoutSeconds: DELIVERY_TIMEOUT_SECONDS,
        ...(request.logGroupName && {
          CloudWatchOutputConfig: { CloudWatchOutputEnabled: true, CloudWatchLogGroupName: request.logGroupName },
        }),
      }),
    );
    return { value: reply.Command! };
  } catch (error) {
    if (error instanceof InvalidInstanceId) return { waitingFor: `InvalidInstanceId: ${error.message}` };
    throw error;
  }
}

/** SendCommand may answer before it has counted. What stays different is cancelled and thrown. */
async function confirmTargetCount(ssm: SSMClient, command: Command, request: CommandRequest): Promise<void> {
  const commandId = command.CommandId!;
  try {
    const count = throughThrottling(async (): Promise<Look<true>> => {
      const listed = await ssm.send(new ListCommandsCommand({ CommandId: commandId }));
      const counted = listed.Commands?.[0]?.TargetCount ?? 0;
      if (counted === request.expectedInstanceCount) return { value: true };
      return { waitingFor: `it targets ${counted} instance(s), expected ${request.expectedInstanceCount}` };
    });
    await pollUntil(`command ${commandId}`, new Deadline(CONSISTENCY_SECONDS), count);
  } catch (error) {
    if (error instanceof DeadlineError) await ssm.send(new CancelCommandCommand({ CommandId: commandId }));
    throw error;
  }
}

/** One look at a command; the outputs come with it once it is done, or, of instances that are, where they are asked for. */
export async function readCommand(ssm: SSMClient, commandId: string, isInParts = false): Promise<CommandState> {
  const command = (await ssm.send(new ListCommandsCommand({ CommandId: commandId }))).Commands?.[0];
  const listed = await listInvocations(ssm, commandId);
  const status = command?.Status ?? 'Pending';
  const done = DONE_STATUSES.includes(status);
  const invocations = await Promise.all(
    listed.map((entry) =>
      done || (isInParts && DONE_STATUSES.includes(entry.Status ?? ''))
        ? readInvocation(ssm, entry)
        : Promise.resolve(withoutOutput(entry, '')),
    ),
  );
  return {
    commandId,
    documentName: command?.DocumentName ?? listed[0]?.DocumentName ?? 'unknown document',
    status: command?.StatusDetails || status,
    done,
    // A target that matched nothing ends as Success without a single invocation.
    succeeded: status === 'Success' && invocations.length > 0 && listed.every((entry) => entry.Status === 'Success'),
    invocations,
  };
}

async function listInvocations(ssm: SSMClient, commandId: string): Promise<CommandInvocation[]> {
  const invocations: CommandInvocation[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ssm.send(new ListCommandInvocationsCommand({ CommandId: commandId, NextToken: nextToken }));
    invocations.push(...(page.CommandInvocations ?? []));
    nextToken = page.NextToken;
  } while (nextToken);
  return invocations.sort((a, b) => (a.InstanceName ?? '').localeCompare(b.InstanceName ?? ''));
}

const withoutOutput = (entry: CommandInvocation, stderr: string): Invocation => ({
  instanceId: entry.InstanceId ?? 'unknown instance',
  instanceName: entry.InstanceName ?? '',
  status: entry.StatusDetails || entry.Status || 'Pending',
  exitCode: -1,
  stdout: '',
  stderr,
});

async function readInvocation(ssm: SSMClient, entry: CommandInvocation): Promise<Invocation> {
  const key = { CommandId: entry.CommandId!, InstanceId: entry.InstanceId! };
  try {
    return await pollUntil(
      `reading the output of ${entry.InstanceId}`,
      new Deadline(CONSISTENCY_SECONDS / 3),
      throughThrottling(async (): Promise<Look<Invocation>> => {
        try {
          const output = await ssm.send(new GetCommandInvocationCommand(key));
          return {
            value: {
              // An agent that did not begin the document has said why elsewhere.
              ...withoutOutput(entry, output.StandardErrorContent || entry.TraceOutput || ''),
              exitCode: output.ResponseCode ?? -1,
              stdout: output.StandardOutputContent ?? '',
            },
          };
        } catch (error) {
          if (error instanceof InvocationDoesNotExist) return { waitingFor: 'InvocationDoesNotExist' };
          throw error;
        }
      }),
    );
  } catch (error) {
    // A command that is over must be reported even when Systems Manager has lost its output.
    if (error instanceof DeadlineError) return withoutOutput(entry, `(no output: ${error.reason})`);
    throw error;
  }
}

/**
 * Waits for the instances, sends, and polls until the command is over, whatever its result.
 *
 * @param deadline for all of that @default the request's time-out, from now on
 * @param onlineDeadline until the instances are online @default deadline
 */
export async function runCommand(
  ssm: SSMClient,
  request: CommandRequest,
  onProgress?: (progress: CommandProgress) => void,
  deadline = new Deadline(request.timeoutSeconds),
  onlineDeadline = deadline,
): Promise<CommandState> {
  const sent: { commandId?: string } = {};
  const report = (reason: string): void =>
    onProgress?.({
      ...sent,
      reason,
      elapsedSeconds: deadline.elapsedSeconds,
      remainingSeconds: deadline.remainingSeconds,
    });
  await waitForTargets(ssm, request.targets, request.expectedInstanceCount, onlineDeadline, report);
  const commandId = await sendCommand(ssm, request);
  sent.commandId = commandId;
  report('sent');
  return pollUntil(
    `command ${commandId} (${request.documentName})`,
    deadline,
    throughThrottling(async (): Promise<Look<CommandState>> => {
      const state = await readCommand(ssm, commandId);
      if (state.done) return { value: state };
      const running = state.invocations.map((one) => `${one.instanceName || one.instanceId} ${one.status}`);
      return { waitingFor: running.join(', ') || state.status };
    }),
    report,
    request.firstPauseMs,
  );
}

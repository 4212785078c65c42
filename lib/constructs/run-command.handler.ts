import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { SSMClient } from '@aws-sdk/client-ssm';
import { ActionableError } from '../actionable-error';
import { FIRST_MANAGER, TAG } from '../contract';
import {
  chooseManager,
  type CommandRequest,
  Deadline,
  DeadlineError,
  explainFailure,
  isThrottled,
  listOnline,
  readCommand,
  sendCommand,
  type Target,
  waitForTargets,
} from '../ssm';
import { throughLateGrants } from './late-grants';
import { inWords, reason } from './reason';

/** Properties of `Custom::RunCommand`; CloudFormation passes every scalar as a string. */
export interface CommandProperties {
  /** Empty: nothing runs when the resource is created or updated. */
  readonly DocumentName: string;
  /** Changes when the document changes, so that the command runs again. */
  readonly DocumentHash: string;
  /** Empty: nothing runs when the resource is deleted. */
  readonly OnDeleteDocumentName: string;
  readonly OnDeleteParameters: Readonly<Record<string, string>>;
  /** `removed`: nothing runs when the resource goes because its whole stack goes. */
  readonly OnDeleteWhen: 'always' | 'removed';
  readonly TargetTag: string;
  readonly TargetValues: string;
  readonly Stage: string;
  readonly ExpectedInstanceCount: string;
  /** The targets are managers, and one that can speak for the Swarm is enough: this document finds it. */
  readonly ManagerProbe?: string;
  /** With `ManagerProbe`: a slot whose node gets the command as well. */
  readonly AlsoSlot?: string;
  readonly OnlineTimeoutSeconds: string;
  readonly TimeoutSeconds: string;
  readonly LogGroupName: string;
  readonly Parameters: Readonly<Record<string, string>>;
  /** Not sent: a change of it updates the resource, so that the command runs again. */
  readonly SentAgainFor?: Readonly<Record<string, string>>;
}

interface Event {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly StackId: string;
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: CommandProperties;
  readonly Data?: { readonly CommandId: string; readonly SentAt: string };
}

/** How long a deletion waits for nodes that may just be restarting. */
const DELETE_ONLINE_TIMEOUT_SECONDS = 10;

interface Started {
  readonly PhysicalResourceId: string;
  readonly Data: { readonly CommandId: string; readonly SentAt: string };
}

const tagged = (key: string, ...values: readonly string[]): Target => ({ key: `tag:${key}`, values });
const log = (why: string): void => console.log(`waiting: ${why}`);

/** The command that an event asks for. */
export function requestFor(event: Event): CommandRequest {
  const properties = event.ResourceProperties;
  const isDelete = event.RequestType === 'Delete';
  return {
    documentName: isDelete ? properties.OnDeleteDocumentName : properties.DocumentName,
    parameters: isDelete ? properties.OnDeleteParameters : properties.Parameters,
    targets: [tagged(TAG.stage, properties.Stage), tagged(properties.TargetTag, ...properties.TargetValues.split(','))],
    expectedInstanceCount: Number(properties.ExpectedInstanceCount),
    timeoutSeconds: Number(properties.TimeoutSeconds),
    comment: `CloudFormation ${event.RequestType} of ${event.LogicalResourceId}`,
    logGroupName: properties.LogGroupName,
  };
}

/** To a manager that can speak for the Swarm, and the node of another slot if it is there. */
async function withChosenManager(event: Event, request: CommandRequest, ssm: SSMClient): Promise<CommandRequest> {
  const {
    ManagerProbe: probe,
    AlsoSlot: slot,
    Stage: stage,
    OnlineTimeoutSeconds,
    OnDeleteWhen,
  } = event.ResourceProperties;
  if (!probe) return request;
  const isDelete = event.RequestType === 'Delete';
  const choice = {
    ...{ stage, probe, all: request.targets, region: process.env.AWS_REGION ?? '' },
    preferred: [tagged(TAG.stage, stage), tagged(TAG.slot, FIRST_MANAGER)],
    asksEvenOne: isDelete,
  };
  const seconds = isDelete ? DELETE_ONLINE_TIMEOUT_SECONDS : Number(OnlineTimeoutSeconds);
  const managers = await chooseManager(ssm, choice, new Deadline(seconds), log).then(
    (manager) => [manager],
    async (error: Error) => {
      if (!isDelete || !(error instanceof DeadlineError || error instanceof ActionableError)) throw error;
      log(error.message);
      // A slot that goes leaves a dead node behind if nobody can remove it: one may try, so that its failure says so.
      if (OnDeleteWhen === 'removed') return (await listOnline(ssm, request.targets)).slice(0, 1);
      // What goes with its stack must not keep it: with broken managers, nothing could be destroyed.
      console.log(`${request.documentName} is not sent: no manager can speak for the Swarm`);
      return [];
    },
  );
  const others = slot ? await listOnline(ssm, [tagged(TAG.stage, stage), tagged(TAG.slot, slot)]) : [];
  const values = [...managers, ...others];
  return { ...request, targets: [{ key: 'InstanceIds', values }], expectedInstanceCount: values.length };
}

/** How many nodes the command goes to: all that must be, or, for a deletion, those that are still there. */
async function targetCount(event: Event, request: CommandRequest, ssm: SSMClient): Promise<number> {
  const isDelete = event.RequestType === 'Delete';
  const { targets, expectedInstanceCount } = request;
  // A node that is gone needs no clean-up, so a deletion does not wait for nodes to appear.
  const seconds = isDelete ? DELETE_ONLINE_TIMEOUT_SECONDS : Number(event.ResourceProperties.OnlineTimeoutSeconds);
  try {
    return (await waitForTargets(ssm, targets, expectedInstanceCount, new Deadline(seconds), log)).length;
  } catch (error) {
    if (!isDelete || !(error instanceof DeadlineError)) throw error;
    console.log(error.message);
    return (await listOnline(ssm, targets)).length;
  }
}

/** Whether the stack that this resource is in goes as a whole: deleted, or rolled back after a failed creation. */
async function stackGoes(event: Event, cloudFormation: CloudFormationClient): Promise<boolean> {
  const reply = await cloudFormation.send(new DescribeStacksCommand({ StackName: event.StackId }));
  return /^(DELETE|ROLLBACK)_/.test(reply.Stacks?.[0]?.StackStatus ?? '');
}

/** Waits for the nodes, sends the document and returns its command id for `isComplete`. */
export async function start(event: Event, ssm: SSMClient, cloudFormation: CloudFormationClient): Promise<Started> {
  const properties = event.ResourceProperties;
  const isDelete = event.RequestType === 'Delete';
  const physicalResourceId =
    event.PhysicalResourceId ??
    `${properties.DocumentName || properties.OnDeleteDocumentName}/${event.LogicalResourceId}`;
  const nothing = { PhysicalResourceId: physicalResourceId, Data: { CommandId: '', SentAt: '' } };
  const asked = requestFor(event);
  if (!asked.documentName) return nothing;
  try {
    if (isDelete && properties.OnDeleteWhen === 'removed' && (await stackGoes(event, cloudFormation))) {
      console.log(`the whole stack goes: ${asked.documentName} is not sent`);
      return nothing;
    }
    const request = await withChosenManager(event, asked, ssm);
    const { expectedInstanceCount: most } = request;
    const expectedInstanceCount = most === 0 ? 0 : await targetCount(event, request, ssm);
    if (expectedInstanceCount === 0) {
      console.log('no node is left to clean up on');
      return nothing;
    }
    const commandId = await sendCommand(ssm, { ...request, expectedInstanceCount });
    return { PhysicalResourceId: physicalResourceId, Data: { CommandId: commandId, SentAt: new Date().toISOString() } };
  } catch (error) {
    throw reason(`${asked.documentName} could not be sent: ${inWords(error)}`);
  }
}

/** A look that AWS refuses for its rate is no failure of the command: there will be another. */
function unlessThrottled(error: unknown): undefined {
  if (!isThrottled(error)) throw error;
}

/** One look at the command; throws what failed, where, and the last lines of its stderr. */
export async function look(event: Event, ssm: SSMClient): Promise<{ IsComplete: boolean }> {
  const { CommandId: commandId, SentAt: sentAt } = event.Data ?? { CommandId: '', SentAt: '' };
  if (!commandId) return { IsComplete: true };
  const state = await readCommand(ssm, commandId).catch(unlessThrottled);
  if (!state?.done) {
    const seconds = (Date.now() - Date.parse(sentAt)) / 1000;
    const limit = Number(event.ResourceProperties.TimeoutSeconds);
    const name = state?.documentName ?? requestFor(event).documentName;
    // The framework's own timeout says only "Operation timed out".
    if (seconds > limit) {
      throw reason(
        `${name} is still ${state?.status ?? 'throttled by Systems Manager'} after ${Math.round(seconds)} s`,
      );
    }
    return { IsComplete: false };
  }
  if (!state.succeeded) throw reason(explainFailure(state, process.env.AWS_REGION ?? ''));
  return { IsComplete: true };
}

const client = throughLateGrants(new SSMClient({}));
const stacks = throughLateGrants(new CloudFormationClient({}));
export const onEvent = (event: Event): Promise<Started> => start(event, client, stacks);
export const isComplete = (event: Event): Promise<{ IsComplete: boolean }> => look(event, client);

import { SSMClient } from '@aws-sdk/client-ssm';
import { TAG } from '../contract';
import { type CommandRequest, Deadline, explainFailure, readCommand, sendCommand, waitForTargets } from '../ssm';

/** Properties of `Custom::RunCommand`; CloudFormation passes every scalar as a string. */
export interface CommandProperties {
  readonly DocumentName: string;
  /** Changes when the document changes, so that the command runs again. */
  readonly DocumentHash: string;
  /** Empty: nothing runs when the resource is deleted. */
  readonly OnDeleteDocumentName: string;
  readonly TargetTag: string;
  readonly TargetValues: string;
  readonly Stage: string;
  readonly ExpectedInstanceCount: string;
  readonly OnlineTimeoutSeconds: string;
  readonly TimeoutSeconds: string;
  readonly LogGroupName: string;
  readonly Parameters: Readonly<Record<string, string>>;
}

interface Event {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: CommandProperties;
  readonly Data?: { readonly CommandId: string; readonly SentAt: string };
}

interface Started {
  readonly PhysicalResourceId: string;
  readonly Data: { readonly CommandId: string; readonly SentAt: string };
}

/** An error whose text is all that CloudFormation shows: the framework prints the stack, which would fill the event. */
function reason(text: string): Error {
  const error = new Error(text);
  error.stack = text;
  return error;
}

const inWords = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The command that an event asks for. */
export function requestFor(event: Event): CommandRequest {
  const properties = event.ResourceProperties;
  const isDelete = event.RequestType === 'Delete';
  return {
    documentName: isDelete ? properties.OnDeleteDocumentName : properties.DocumentName,
    parameters: isDelete ? {} : properties.Parameters,
    targets: [
      { key: `tag:${TAG.stage}`, values: [properties.Stage] },
      { key: `tag:${properties.TargetTag}`, values: properties.TargetValues.split(',') },
    ],
    expectedInstanceCount: Number(properties.ExpectedInstanceCount),
    timeoutSeconds: Number(properties.TimeoutSeconds),
    comment: `CloudFormation ${event.RequestType} of ${event.LogicalResourceId}`,
    logGroupName: properties.LogGroupName,
  };
}

/** Waits for the nodes, sends the document and returns its command id for `isComplete`. */
export async function start(event: Event, ssm: SSMClient): Promise<Started> {
  const properties = event.ResourceProperties;
  const physicalResourceId = event.PhysicalResourceId ?? `${properties.DocumentName}/${event.LogicalResourceId}`;
  const nothing = { PhysicalResourceId: physicalResourceId, Data: { CommandId: '', SentAt: '' } };
  if (event.RequestType === 'Delete' && !properties.OnDeleteDocumentName) return nothing;
  const request = requestFor(event);
  // A node that is gone needs no clean-up, so a deletion does not wait for nodes to appear.
  const timeoutSeconds = event.RequestType === 'Delete' ? 10 : Number(properties.OnlineTimeoutSeconds);
  try {
    const log = (why: string) => console.log(`waiting: ${why}`);
    await waitForTargets(ssm, request.targets, request.expectedInstanceCount, new Deadline(timeoutSeconds), log);
  } catch (error) {
    if (event.RequestType !== 'Delete') throw reason(inWords(error));
    console.log(`nothing to clean up on: ${inWords(error)}`);
    return nothing;
  }
  try {
    const commandId = await sendCommand(ssm, request);
    return { PhysicalResourceId: physicalResourceId, Data: { CommandId: commandId, SentAt: new Date().toISOString() } };
  } catch (error) {
    throw reason(`${request.documentName} could not be sent: ${inWords(error)}`);
  }
}

/** One look at the command; throws what failed, where, and the last lines of its stderr. */
export async function look(event: Event, ssm: SSMClient): Promise<{ IsComplete: boolean }> {
  const { CommandId: commandId, SentAt: sentAt } = event.Data ?? { CommandId: '', SentAt: '' };
  if (!commandId) return { IsComplete: true };
  const state = await readCommand(ssm, commandId);
  if (!state.done) {
    const seconds = (Date.now() - Date.parse(sentAt)) / 1000;
    const limit = Number(event.ResourceProperties.TimeoutSeconds);
    // The framework's own timeout says only "Operation timed out".
    if (seconds > limit) throw reason(`${state.documentName} is still ${state.status} after ${Math.round(seconds)} s`);
    return { IsComplete: false };
  }
  if (!state.succeeded) throw reason(explainFailure(state, process.env.AWS_REGION ?? ''));
  return { IsComplete: true };
}

const client = new SSMClient({});
export const onEvent = (event: Event): Promise<Started> => start(event, client);
export const isComplete = (event: Event): Promise<{ IsComplete: boolean }> => look(event, client);

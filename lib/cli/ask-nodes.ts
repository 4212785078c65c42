/** What each node says, by one command to all of them; whoever does not answer in time holds nobody up. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { documentName, type DocumentId } from '../contract';
import { readCommand, sendCommand, type CommandState } from '../ssm';
import { Deadline, DeadlineError, pollUntil, type Look } from '../ssm/deadline';
import { throughThrottling } from '../ssm/throttling';

/** Somebody waits for the answer. */
const FIRST_PAUSE_MS = 150;

export interface Question {
  readonly stage: string;
  /** It takes the stage as its one parameter. */
  readonly document: DocumentId;
  readonly instanceIds: readonly string[];
  readonly seconds: number;
  /** Whether those that have answered by now are enough. @default never */
  readonly isEnough?: () => boolean;
}

/** What they have said by then. */
export async function askNodes(
  ssm: SSMClient,
  { stage, document, instanceIds, seconds, isEnough = () => false }: Question,
): Promise<CommandState> {
  const deadline = new Deadline(seconds);
  const commandId = await sendCommand(ssm, {
    documentName: documentName(stage, document),
    parameters: { Stage: stage },
    targets: [{ key: 'InstanceIds', values: [...instanceIds] }],
    expectedInstanceCount: instanceIds.length,
    timeoutSeconds: Math.ceil(deadline.remainingSeconds),
    comment: `metals ${document}`,
  });
  return pollUntil(
    `command ${commandId}`,
    deadline,
    throughThrottling(async (): Promise<Look<CommandState>> => {
      const seen = await readCommand(ssm, commandId);
      if (seen.done) return { value: seen };
      return isEnough() ? { value: await readCommand(ssm, commandId, true) } : { waitingFor: seen.status };
    }),
    undefined,
    FIRST_PAUSE_MS,
  ).catch((error: unknown) => {
    if (!(error instanceof DeadlineError)) throw error;
    return readCommand(ssm, commandId, true);
  });
}

/** Calls of a custom resource's function, made through the time that IAM takes until a grant counts. */
import type { AwsClient } from '../aws-client';
import { isRefusal } from '../aws-errors';
import { Deadline, DeadlineError, pollUntil, type Look } from '../ssm/deadline';

/**
 * CloudFormation calls a function as soon as IAM has accepted its policy, and IAM applies it some seconds later
 * (aws/aws-cdk#37675). A refusal that lasts longer than this is a missing grant.
 */
export const GRANT_SECONDS = 60;

/** The client itself: from now on it repeats a call that AWS refuses for want of a permission, until `seconds` are over. */
export function throughLateGrants<Client extends AwsClient>(client: Client, seconds = GRANT_SECONDS): Client {
  client.middlewareStack.add((next) => (input) => untilGranted(() => next(input), seconds), {
    step: 'initialize',
    name: 'throughLateGrants',
  });
  return client;
}

/** A refused call has done nothing, so it may be made again. The last refusal, which names the action, is thrown. */
async function untilGranted<Output>(call: () => Promise<Output>, seconds: number): Promise<Output> {
  let refusal: unknown;
  const look = async (): Promise<Look<Output>> => {
    try {
      return { value: await call() };
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refusal = error;
      return { waitingFor: (error as Error).message };
    }
  };
  try {
    return await pollUntil('a grant', new Deadline(seconds), look, (reason) => console.log(`waiting: ${reason}`));
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    const { message } = refusal as Error;
    (refusal as Error).message = `${message} (refused for ${seconds} s, longer than IAM takes to apply a new grant)`;
    throw refusal;
  }
}

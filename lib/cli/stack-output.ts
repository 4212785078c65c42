/** What a deployment has left for the next one to read: an output of one of its stacks. */
import { type CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { isRefusal } from '../aws-errors';

/** Undefined too where the stack is not there or may not be seen. */
export async function readOutput(
  client: CloudFormationClient,
  stack: string,
  key: string,
): Promise<string | undefined> {
  try {
    const { Stacks: [found] = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
    return found?.Outputs?.find(({ OutputKey }) => OutputKey === key)?.OutputValue;
  } catch (error) {
    // CloudFormation says so of a stack that does not exist, too.
    if (isRefusal(error) || (error as Error).name === 'ValidationError') return undefined;
    throw error;
  }
}

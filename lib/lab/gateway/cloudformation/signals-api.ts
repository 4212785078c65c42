/** SignalResource: an instance tells CloudFormation that it is ready, or that it never will be. */
import { AwsError } from '../errors';
import type { Interceptor } from '../types';
import { queryReply } from '../front-door/query';
import { NAMESPACE } from './progress';
import type { Signals } from './signals';

export function createSignals(signals: Signals): Interceptor {
  return async ({ action, params }) => {
    if (action !== 'SignalResource') return undefined;
    const { StackName, LogicalResourceId, UniqueId, Status } = params as Record<string, string | undefined>;
    if (!StackName || !LogicalResourceId || !UniqueId)
      throw new AwsError('ValidationError', 'StackName, LogicalResourceId and UniqueId are required');
    if (Status !== 'SUCCESS' && Status !== 'FAILURE')
      throw new AwsError('ValidationError', `Status is '${Status ?? ''}', expected SUCCESS or FAILURE`);
    signals.receive(StackName, LogicalResourceId, UniqueId, Status);
    return queryReply(NAMESPACE, action, undefined);
  };
}

/** SignalResource: an instance tells CloudFormation that it is ready, or that it never will be. */
import { AwsError } from '../errors';
import type { Interceptor } from '../types';
import type { Signals } from './signals';

const NAMESPACE = 'http://cloudformation.amazonaws.com/doc/2010-05-15/';

export function createSignals(signals: Signals): Interceptor {
  return async ({ action, params }) => {
    if (action !== 'SignalResource') return undefined;
    const { StackName, LogicalResourceId, UniqueId, Status } = params as Record<string, string | undefined>;
    if (!StackName || !LogicalResourceId || !UniqueId)
      throw new AwsError('ValidationError', 'StackName, LogicalResourceId and UniqueId are required');
    if (Status !== 'SUCCESS' && Status !== 'FAILURE')
      throw new AwsError('ValidationError', `Status is '${Status ?? ''}', expected SUCCESS or FAILURE`);
    signals.receive(StackName, LogicalResourceId, UniqueId, Status);
    return {
      status: 200,
      contentType: 'text/xml',
      body:
        `<SignalResourceResponse xmlns="${NAMESPACE}"><ResponseMetadata>` +
        `<RequestId>${crypto.randomUUID()}</RequestId></ResponseMetadata></SignalResourceResponse>`,
    };
  };
}

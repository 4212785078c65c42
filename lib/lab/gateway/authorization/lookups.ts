/** What ministack knows and a request does not say. */
import { isNotFound } from '../errors';
import type { Upstream } from '../ministack/upstream';
import { xmlValue } from '../front-door/xml';
import type { Lookups } from './operation';

export function upstreamLookups(upstream: Upstream): Pick<Lookups, 'secretArn' | 'stackId'> {
  return {
    secretArn: (secretId) =>
      unlessMissing(async () => {
        const secret = await upstream.json('secretsmanager', 'secretsmanager.DescribeSecret', { SecretId: secretId });
        return secret.ARN as string;
      }),
    stackId: (name) =>
      unlessMissing(async () =>
        xmlValue(await upstream.query('cloudformation', 'DescribeStacks', { StackName: name }), 'StackId'),
      ),
  };
}

async function unlessMissing<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look();
  } catch (error) {
    // CloudFormation says ValidationError where a stack does not exist.
    if (isNotFound(error) || /does not exist/.test((error as Error).message)) return undefined;
    throw error;
  }
}

/** AWS::SecretsManager::RotationSchedule: kept, never run: ministack's RotateSecret would only pretend a rotation. */
import type { Log } from '../log';
import type { Properties, ResourceHandler } from '../cloudformation/resource';
import type { Upstream } from '../ministack/upstream';

export function createRotationSchedule(upstream: Upstream, log: Log): ResourceHandler {
  const accept = async (properties: Properties, logicalId: string) => {
    const { ARN } = await upstream.json('secretsmanager', 'secretsmanager.DescribeSecret', {
      SecretId: properties.SecretId,
    });
    log('stand-in', `rotation schedule ${logicalId} of ${ARN} is a record only: the lab rotates nothing by itself`);
    return { physicalId: ARN as string, attributes: { Id: ARN as string } };
  };
  return {
    type: 'AWS::SecretsManager::RotationSchedule',
    replaceOn: ['SecretId'],
    create: (properties, { logicalId }) => accept(properties, logicalId),
    update: (_physicalId, properties, _old, { logicalId }) => accept(properties, logicalId),
    delete: () => Promise.resolve(),
  };
}

/** What ministack must never be asked for: it would answer success without having done anything. */
import { AwsError } from '../errors';

const NEVER_FORWARDED: Readonly<Record<string, readonly string[]>> = {
  ssm: [
    'SendCommand',
    'CancelCommand',
    'GetCommandInvocation',
    'ListCommands',
    'ListCommandInvocations',
    'CreateDocument',
    'UpdateDocument',
    'DeleteDocument',
    'CreateAssociation',
    'CreateAssociationBatch',
    'UpdateAssociation',
    'StartAssociationsOnce',
    'StartAutomationExecution',
    'StartSession',
  ],
  autoscaling: ['CreateAutoScalingGroup', 'UpdateAutoScalingGroup', 'StartInstanceRefresh', 'SetDesiredCapacity'],
  ec2: ['RunInstances', 'StartInstances', 'StopInstances', 'RebootInstances', 'CreateFleet', 'RequestSpotInstances'],
  secretsmanager: ['RotateSecret'],
};

/** Types that ministack accepts and then only pretends to provide, or provides around the gateway. */
const PRETENDED_TYPES: Readonly<Record<string, string>> = {
  'AWS::AutoScaling::AutoScalingGroup': 'its instances would be invented',
  'AWS::AutoScaling::LaunchConfiguration': 'its instances would be invented',
  'AWS::CloudFormation::Stack': 'the resources of a nested stack would bypass the lab',
};

export const isNeverForwarded = (service: string, action: string): boolean =>
  NEVER_FORWARDED[service]?.includes(action) ?? false;

export function refuseForwarding(service: string, action: string): AwsError {
  return new AwsError(
    'UnsupportedOperation',
    `the lab does not implement ${service}:${action}; it is refused because the emulator behind would only pretend it`,
  );
}

/** Lists every resource that nobody serves, or undefined; `emulated` are the types that ministack provisions. */
export function explainUnservedTypes(
  types: ReadonlyMap<string, readonly string[]>,
  served: ReadonlySet<string>,
  emulated: ReadonlySet<string>,
): string | undefined {
  const problems: string[] = [];
  for (const [type, logicalIds] of types) {
    if (served.has(type) || !type.startsWith('AWS::')) continue;
    if (emulated.has(type) && !(type in PRETENDED_TYPES)) continue;
    const reason = PRETENDED_TYPES[type];
    problems.push(`${type} (${logicalIds.join(', ')})${reason ? `: ${reason}` : ''}`);
  }
  if (problems.length === 0) return undefined;
  return `the lab serves no resource type ${problems.join('; ')}. Remove it from the template or add a handler under lib/lab/gateway/resources`;
}

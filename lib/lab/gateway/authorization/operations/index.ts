/**
 * Which permissions a call needs. The table holds the calls that the product's nodes and functions make; a call that
 * is missing here is refused, with the name of this folder, rather than let through unjudged.
 */
import {
  arn,
  mappersOf,
  onResource,
  withoutResource,
  type Lookups,
  type OperationCall,
  type OperationMapper,
  type OperationMappers,
  type RequiredPermission,
} from '../operation';
import { EC2 } from './ec2';
import { lambdaPermissions, s3Permissions } from './rest';
import { SECRETS_MANAGER } from './secrets-manager';
import { SSM } from './ssm';

const logGroup = ({ logGroupName, logGroupIdentifier }: any): string =>
  String(logGroupIdentifier ?? '').startsWith('arn:')
    ? logGroupIdentifier.replace(/:\*$/, '')
    : arn('logs', `log-group:${logGroupName ?? logGroupIdentifier}`);

const onGroup =
  (operation: string): OperationMapper =>
  ({ params }, { groupArn }) => {
    const { AutoScalingGroupName: name, InstanceId: instanceId } = params;
    const resource = groupArn(name ? { name } : { instanceId });
    // A group that does not exist: the service itself will say so, to a caller who may touch every group.
    return [
      {
        action: `autoscaling:${operation}`,
        resource: resource ?? arn('autoscaling', `autoScalingGroup:*:autoScalingGroupName/${name ?? '*'}`),
      },
    ];
  };

const onStack =
  (operation: string): OperationMapper =>
  async ({ params }, { stackId }) => {
    const name: string = params.StackName ?? '*';
    const resource = name.startsWith('arn:')
      ? name
      : ((await stackId(name)) ?? arn('cloudformation', `stack/${name}/*`));
    return [{ action: `cloudformation:${operation}`, resource }];
  };

interface Service {
  /** Where it differs from the name in the credential scope. */
  readonly iamPrefix?: string;
  /** First part of X-Amz-Target, where the service has one: the emulator goes by it. */
  readonly targetPrefix?: string;
  readonly operations: OperationMappers;
}

const SERVICES: Readonly<Record<string, Service>> = {
  ssm: { targetPrefix: 'AmazonSSM', operations: SSM },
  ec2: { operations: EC2 },
  ecr: {
    targetPrefix: 'AmazonEC2ContainerRegistry_V20150921',
    operations: {
      ...withoutResource('ecr', 'GetAuthorizationToken'),
      ...onResource(
        'ecr',
        ({ repositoryName }) => arn('ecr', `repository/${repositoryName}`),
        'BatchCheckLayerAvailability',
        'BatchGetImage',
        'DescribeImages',
        'GetDownloadUrlForLayer',
      ),
    },
  },
  secretsmanager: {
    targetPrefix: 'secretsmanager',
    operations: SECRETS_MANAGER,
  },
  logs: {
    targetPrefix: 'Logs_20140328',
    operations: {
      ...withoutResource('logs', 'DescribeLogGroups'),
      ...onResource('logs', logGroup, 'CreateLogGroup', 'DescribeLogStreams', 'FilterLogEvents'),
      ...onResource(
        'logs',
        (params) => `${logGroup(params)}:log-stream:${params.logStreamName}`,
        'CreateLogStream',
        'GetLogEvents',
        'PutLogEvents',
      ),
    },
  },
  states: {
    targetPrefix: 'AWSStepFunctions',
    operations: onResource('states', ({ stateMachineArn }) => stateMachineArn, 'StartExecution'),
  },
  autoscaling: {
    operations: {
      ...withoutResource('autoscaling', 'DescribeAutoScalingGroups', 'DescribeAutoScalingInstances'),
      ...mappersOf(onGroup, 'CompleteLifecycleAction', 'RecordLifecycleActionHeartbeat', 'SetInstanceHealth'),
    },
  },
  cloudformation: { operations: mappersOf(onStack, 'DescribeStackResources', 'DescribeStacks', 'SignalResource') },
  // The forms of the query protocol alone: of JSON and CBOR, which newer clients speak, the namespace is not read.
  monitoring: {
    iamPrefix: 'cloudwatch',
    operations: {
      PutMetricData: ({ params }) => [
        {
          action: 'cloudwatch:PutMetricData',
          resource: '*',
          context: { 'cloudwatch:namespace': params.Namespace ?? '' },
        },
      ],
    },
  },
  sts: {
    operations: {
      // AWS lets everybody ask who they are, whatever their policies say.
      GetCallerIdentity: () => [],
      ...onResource('sts', ({ RoleArn }) => RoleArn, 'AssumeRole'),
    },
  },
};

/** IAM's prefixes of all services that a mapper knows. */
export const JUDGED_SERVICES: readonly string[] = [
  ...Object.entries(SERVICES).map(([name, { iamPrefix = name }]) => iamPrefix),
  's3',
  'lambda',
];

/** True for an action that a mapper of the query and JSON APIs asks for. */
export const isMapped = (action: string): boolean => {
  const [prefix = '', operation = ''] = action.split(':');
  return Object.entries(SERVICES).some(
    ([name, { iamPrefix = name, operations }]) => iamPrefix === prefix && Object.hasOwn(operations, operation),
  );
};

/** What the call needs; undefined when the table does not know the call. */
export async function requiredPermissions(
  call: OperationCall,
  lookups: Lookups,
): Promise<readonly RequiredPermission[] | undefined> {
  if (call.service === 's3') return s3Permissions(call);
  if (call.service === 'lambda') return lambdaPermissions(call);
  const service = SERVICES[call.service];
  if (!service || service.targetPrefix !== call.targetPrefix) return undefined;
  if (!Object.hasOwn(service.operations, call.operation)) return undefined;
  return service.operations[call.operation]!(call, lookups);
}

/** EC2. Resources as in the Service Authorization Reference, "Actions for Amazon EC2". */
import { arn, onResource, withoutResource, type OperationMapper, type OperationMappers } from '../operation';

/** On the volume and on the instance; detaching may leave the instance out. */
const attachment =
  (operation: string): OperationMapper =>
  ({ params }) => [
    { action: `ec2:${operation}`, resource: arn('ec2', `volume/${params.VolumeId}`) },
    ...(params.InstanceId
      ? [{ action: `ec2:${operation}`, resource: arn('ec2', `instance/${params.InstanceId}`) }]
      : []),
  ];

export const EC2: OperationMappers = {
  ...withoutResource(
    'ec2',
    'DescribeAvailabilityZones',
    'DescribeInstances',
    'DescribeInstanceStatus',
    'DescribeNetworkInterfaces',
    'DescribeSecurityGroups',
    'DescribeSecurityGroupRules',
    'DescribeTags',
    'DescribeVolumes',
  ),
  ...onResource(
    'ec2',
    ({ GroupId }) => arn('ec2', `security-group/${GroupId}`),
    'AuthorizeSecurityGroupEgress',
    'AuthorizeSecurityGroupIngress',
    'RevokeSecurityGroupEgress',
    'RevokeSecurityGroupIngress',
  ),
  AttachVolume: attachment('AttachVolume'),
  DetachVolume: attachment('DetachVolume'),
};

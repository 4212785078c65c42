/** EC2. Resources as in the Service Authorization Reference, "Actions for Amazon EC2". */
import { members } from '../../front-door/query';
import { arn, onResource, withoutResource, type OperationMapper, type OperationMappers } from '../operation';
import { requestTags } from './request-tags';

/** On the volume and on the instance; detaching may leave the instance out. */
const attachment =
  (operation: string): OperationMapper =>
  ({ params }) => [
    { action: `ec2:${operation}`, resource: arn('ec2', `volume/${params.VolumeId}`) },
    ...(params.InstanceId
      ? [{ action: `ec2:${operation}`, resource: arn('ec2', `instance/${params.InstanceId}`) }]
      : []),
  ];

/** `Tag.N.Key` and `Tag.N.Value` behind a prefix. */
function tagsIn(params: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (let index = 1; params[`${prefix}Tag.${index}.Key`] !== undefined; index++) {
    tags[params[`${prefix}Tag.${index}.Key`]!] = params[`${prefix}Tag.${index}.Value`] ?? '';
  }
  return tags;
}

/** Tags that a creation gives to its volume. */
function volumeTags(params: Readonly<Record<string, string>>): Record<string, string> {
  const prefixes = Object.keys(params).flatMap((name) => /^TagSpecification\.\d+\.(?=ResourceType$)/.exec(name) ?? []);
  const ofVolumes = prefixes.filter((prefix) => params[`${prefix}ResourceType`] === 'volume');
  return Object.assign({}, ...ofVolumes.map((prefix) => tagsIn(params, prefix)));
}

const KINDS: Readonly<Record<string, string>> = {
  i: 'instance',
  vol: 'volume',
  eni: 'network-interface',
  sg: 'security-group',
};

/** On each resource; what kind it is, its id says. */
const createTags: OperationMapper = ({ params }) =>
  members(params, 'ResourceId').map((id) => ({
    action: 'ec2:CreateTags',
    resource: arn('ec2', `${KINDS[id.split('-')[0]!] ?? '*'}/${id}`),
    context: requestTags(tagsIn(params, '')),
  }));

/** Judged before the volume has an id. Whoever tags it in the same call needs the right to tag as well. */
const createVolume: OperationMapper = ({ params }) => {
  const resource = arn('ec2', 'volume/*');
  const tags = volumeTags(params);
  const context = requestTags(tags);
  return [
    { action: 'ec2:CreateVolume', resource, context },
    ...(Object.keys(tags).length > 0
      ? [{ action: 'ec2:CreateTags', resource, context: { ...context, 'ec2:CreateAction': 'CreateVolume' } }]
      : []),
  ];
};

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
    'DescribeVolumesModifications',
  ),
  ...onResource(
    'ec2',
    ({ GroupId }) => arn('ec2', `security-group/${GroupId}`),
    'AuthorizeSecurityGroupEgress',
    'AuthorizeSecurityGroupIngress',
    'RevokeSecurityGroupEgress',
    'RevokeSecurityGroupIngress',
  ),
  ...onResource('ec2', ({ VolumeId }) => arn('ec2', `volume/${VolumeId}`), 'DeleteVolume', 'ModifyVolume'),
  CreateTags: createTags,
  CreateVolume: createVolume,
  AttachVolume: attachment('AttachVolume'),
  DetachVolume: attachment('DetachVolume'),
};

/** AWS::EC2::SecurityGroupIngress and …Egress: rules that stand apart from their group. */
import { ignoreNotFound } from '../errors';
import { hexId } from '../cloudformation/resource';
import type { QueryValue, Upstream } from '../ministack/upstream';
import type { Properties, ResourceHandler } from '../types';

const RULE_PROPERTIES = [
  'GroupId',
  'GroupName',
  'IpProtocol',
  'FromPort',
  'ToPort',
  'CidrIp',
  'CidrIpv6',
  'SourceSecurityGroupId',
  'SourcePrefixListId',
  'DestinationSecurityGroupId',
  'DestinationPrefixListId',
  'Description',
];

/** The rule as the EC2 API takes it. */
export function permission(properties: Properties): QueryValue {
  const { IpProtocol, FromPort, ToPort, CidrIp, CidrIpv6, Description } = properties;
  const group: string | undefined = properties.SourceSecurityGroupId ?? properties.DestinationSecurityGroupId;
  const prefixList: string | undefined = properties.SourcePrefixListId ?? properties.DestinationPrefixListId;
  return {
    IpProtocol,
    FromPort,
    ToPort,
    IpRanges: CidrIp ? [{ CidrIp, Description }] : undefined,
    Ipv6Ranges: CidrIpv6 ? [{ CidrIpv6, Description }] : undefined,
    Groups: group ? [{ GroupId: group, Description }] : undefined,
    PrefixListIds: prefixList ? [{ PrefixListId: prefixList, Description }] : undefined,
  };
}

export function securityGroupRuleResource(upstream: Upstream, direction: 'Ingress' | 'Egress'): ResourceHandler {
  const call = (verb: 'Authorize' | 'Revoke', properties: Properties): Promise<string> =>
    upstream.query('ec2', `${verb}SecurityGroup${direction}`, {
      GroupId: properties.GroupId,
      IpPermissions: [permission(properties)],
    });
  return {
    type: `AWS::EC2::SecurityGroup${direction}`,
    replaceOn: RULE_PROPERTIES,
    async create(properties) {
      await call('Authorize', properties);
      const physicalId = `sgr-${hexId()}`;
      return { physicalId, attributes: { Id: physicalId } };
    },
    update: (physicalId) => Promise.resolve({ physicalId, attributes: { Id: physicalId } }),
    async delete(_physicalId, properties) {
      await ignoreNotFound(call('Revoke', properties));
    },
  };
}

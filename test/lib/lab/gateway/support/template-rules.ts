/** The rules of security groups in a synthesised template, as EC2 would describe them. */
import type { Template } from 'aws-cdk-lib/assertions';
import type { SecurityGroupRule } from '../../../../../lib/lab/gateway/ec2/security-group-rules';

type Properties = Record<string, any>;

/** A group's id is its logical id, without CDK's prefix and hash: `Node`, `Manager`. */
const groupName = (value: any): string =>
  /^SecurityGroups(Node|Manager)/.exec(value?.['Fn::GetAtt']?.[0] ?? String(value))![1]!;

const rule = (egress: boolean, groupId: string, properties: Properties): SecurityGroupRule => {
  const group = properties.SourceSecurityGroupId ?? properties.DestinationSecurityGroupId;
  return {
    groupId,
    egress,
    protocol: properties.IpProtocol,
    fromPort: properties.FromPort ?? -1,
    toPort: properties.ToPort ?? -1,
    peer: group ? { groupId: groupName(group) } : { cidr: properties.CidrIp },
  };
};

export function templateRules(template: Template): SecurityGroupRule[] {
  const resources = Object.entries<{ Type: string; Properties: Properties }>(template.toJSON().Resources);
  return resources.flatMap(([logicalId, { Type: type, Properties: properties }]) => {
    if (type === 'AWS::EC2::SecurityGroup') {
      const inline = (key: string, egress: boolean): SecurityGroupRule[] =>
        (properties[key] ?? []).map((each: Properties) => rule(egress, groupName(logicalId), each));
      return [...inline('SecurityGroupIngress', false), ...inline('SecurityGroupEgress', true)];
    }
    if (!/^AWS::EC2::SecurityGroup(Ingress|Egress)$/.test(type)) return [];
    return [rule(type.endsWith('Egress'), groupName(properties.GroupId), properties)];
  });
}

/** The groups of each slot's interface, by slot: `{ 'manager-1': ['Node', 'Manager'] }`. */
export function templateGroups(template: Template): Record<string, string[]> {
  const interfaces = Object.values<{ Properties: Properties }>(
    template.findResources('AWS::EC2::NetworkInterface') as Record<string, { Properties: Properties }>,
  );
  return Object.fromEntries(
    interfaces.map(({ Properties: { Description, GroupSet } }) => [
      /(manager|worker)-\d+/.exec(Description)![0],
      GroupSet.map(groupName),
    ]),
  );
}

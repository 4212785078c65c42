/** Pure: rules of security groups, and what an interface's groups mean to iptables in its node. */
import { AwsError } from '../errors';
import { requiredXmlValue, xmlValue } from '../front-door/xml';
import type { InterfaceRecord } from './records';

/** One rule as DescribeSecurityGroupRules shows it: one group, one direction, one peer. */
export interface SecurityGroupRule {
  readonly groupId: string;
  readonly egress: boolean;
  /** `tcp`, `udp`, `icmp`, a protocol number such as `50`, or `-1`: all. */
  readonly protocol: string;
  /** A port, or ICMP's type; -1: all. */
  readonly fromPort: number;
  /** A port, or ICMP's code; -1: all. */
  readonly toPort: number;
  /** Who is at the other end: an IPv4 range, or the interfaces of a group. */
  readonly peer: { readonly cidr: string } | { readonly groupId: string };
}

/** What has security groups: an instance's interface, or a load balancer. */
type GroupMember = Pick<InterfaceRecord, 'vpcId' | 'privateIp' | 'securityGroupIds'>;

/** What the lab itself needs of a node's network, and AWS has nothing of. */
export interface LabTraffic {
  /** The gateway in the VPC's network: it stands for AWS's endpoints. */
  readonly gateway: { readonly address: string; readonly port: number };
  /** Ports of the node that the lab publishes: the gateway leads connections to them. */
  readonly publishedPorts: readonly number[];
}

/** Rules out of DescribeSecurityGroupRules; those of IPv6 are passed over, for the lab has none. */
export function parseRules(xml: string): SecurityGroupRule[] {
  return [...xml.matchAll(/<item>(\s*<securityGroupRuleId>[\s\S]*?)<\/item>/g)].flatMap(([, item]) => {
    const referenced = /<referencedGroupInfo>[\s\S]*?<groupId>([^<]+)/.exec(item!)?.[1];
    const cidr = xmlValue(item!, 'cidrIpv4');
    if (cidr === undefined && referenced === undefined) {
      if (xmlValue(item!, 'cidrIpv6') !== undefined) return [];
      throw new AwsError(
        'UnsupportedOperation',
        `rule ${requiredXmlValue(item!, 'securityGroupRuleId')} of ${requiredXmlValue(item!, 'groupId')} names neither an address range nor a group by its id: the lab enforces no other rules`,
      );
    }
    return {
      groupId: requiredXmlValue(item!, 'groupId'),
      egress: requiredXmlValue(item!, 'isEgress') === 'true',
      protocol: requiredXmlValue(item!, 'ipProtocol'),
      fromPort: Number(requiredXmlValue(item!, 'fromPort')),
      toPort: Number(requiredXmlValue(item!, 'toPort')),
      peer: cidr === undefined ? { groupId: referenced! } : { cidr },
    };
  });
}

const TRACKED = '-m conntrack --ctstate ESTABLISHED,RELATED';
const LINK_LOCAL = '169.254.0.0/16';
const ANYWHERE = '0.0.0.0/0';

/**
 * Input of assets/lab/node/lib/security-groups. What is allowed returns from its chain, all else is dropped: groups
 * have no rules that deny, and answers need no rule.
 */
export function iptablesRules(
  own: InterfaceRecord,
  others: readonly GroupMember[],
  rules: readonly SecurityGroupRule[],
  lab: LabTraffic,
): string {
  const members = (groupId: string): string[] =>
    others
      .filter((each) => each.vpcId === own.vpcId && each.securityGroupIds.includes(groupId))
      .map((each) => `${each.privateIp}/32`)
      .sort();
  const ranges = ({ peer }: SecurityGroupRule): string[] => ('cidr' in peer ? [peer.cidr] : members(peer.groupId));
  const effective = rules.filter((rule) => own.securityGroupIds.includes(rule.groupId));
  const ingress = effective.filter((rule) => !rule.egress);
  const egress = effective.filter((rule) => rule.egress);
  const chains = {
    'LAB-SG-IN': [
      TRACKED,
      ...lab.publishedPorts.map((port) => `-s ${lab.gateway.address}/32 -p tcp -m tcp --dport ${port}`),
      ...ingress.flatMap((rule) => ranges(rule).map((range) => `-s ${range} ${matches(rule)}`)),
    ],
    'LAB-SG-OUT': [
      TRACKED,
      `-d ${lab.gateway.address}/32 -p tcp -m tcp --dport ${lab.gateway.port}`,
      ...unfiltered(),
      ...egress.flatMap((rule) => ranges(rule).map((range) => `-d ${range} ${matches(rule)}`)),
    ],
    // On AWS its endpoints are somewhere in the Internet, by HTTPS.
    'LAB-SG-AWS': [TRACKED, ...(egress.some(isHttpsAnywhere) ? [''] : [])],
  };
  const lines = Object.entries(chains).flatMap(([chain, allowed]) => [
    ...[...new Set(allowed)].map((match) => `-A ${chain} ${match} -j RETURN`.replace(/ +/g, ' ')),
    `-A ${chain} -j DROP`,
  ]);
  return ['*mangle', ...Object.keys(chains).map((chain) => `:${chain} - [0:0]`), ...lines, 'COMMIT', ''].join('\n');
}

/**
 * Security groups filter neither Amazon's resolver nor link-local services such as its clock (EC2 User Guide, "Amazon EC2
 * security groups"). The machine's own resolver stands in for the former: Docker passes a node's questions to it, from
 * the node's network namespace, and its address is not known here.
 */
const unfiltered = (): string[] => [
  `-d ${LINK_LOCAL}`,
  ...['udp', 'tcp'].map((protocol) => `-p ${protocol} -m ${protocol} --dport 53`),
];

const isHttpsAnywhere = ({ peer, protocol, fromPort, toPort }: SecurityGroupRule): boolean =>
  'cidr' in peer &&
  peer.cidr === ANYWHERE &&
  (protocol === '-1' ||
    ((NAMES[protocol] ?? protocol) === 'tcp' && (fromPort === -1 || (fromPort <= 443 && 443 <= toPort))));

const NAMES: Readonly<Record<string, string>> = { '1': 'icmp', '6': 'tcp', '17': 'udp' };

/** The rule's protocol and ports. EC2 ignores ports of all protocols but TCP, UDP and ICMP. */
function matches({ protocol: asked, fromPort, toPort }: SecurityGroupRule): string {
  const protocol = NAMES[asked] ?? asked;
  if (protocol === '-1') return '';
  if (protocol === 'icmp' && fromPort !== -1) {
    return `-p icmp -m icmp --icmp-type ${toPort === -1 ? fromPort : `${fromPort}/${toPort}`}`;
  }
  if ((protocol !== 'tcp' && protocol !== 'udp') || fromPort === -1) return `-p ${protocol}`;
  return `-p ${protocol} -m ${protocol} --dport ${fromPort === toPort ? fromPort : `${fromPort}:${toPort}`}`;
}

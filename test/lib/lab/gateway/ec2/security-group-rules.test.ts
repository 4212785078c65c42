import type { InterfaceRecord } from '../../../../../lib/lab/gateway/ec2/records';
import {
  iptablesRules,
  parseRules,
  type SecurityGroupRule,
} from '../../../../../lib/lab/gateway/ec2/security-group-rules';
import { synthesise } from '../../../stacks/synthesise';
import { templateGroups, templateRules } from '../support/template-rules';

const LAB = { gateway: { address: '10.40.0.2', port: 4566 }, publishedPorts: [8000, 8001] };

const at = (privateIp: string, securityGroupIds: string[], vpcId = 'vpc-1'): InterfaceRecord => ({
  id: `eni-${privateIp}`,
  subnetId: 'subnet-1',
  vpcId,
  privateIp,
  upstreamIp: '10.0.0.1',
  macAddress: '02:00:00:00:00:01',
  securityGroupIds,
});

describe('the rules of the product', () => {
  let compiled: (slot: string) => string;
  beforeAll(() => {
    const { swarm } = synthesise();
    const slots = Object.entries(templateGroups(swarm));
    const interfaces = slots.map(([slot, groups], index) => ({ slot, ...at(`10.40.${index + 2}.11`, groups) }));
    const rules = templateRules(swarm);
    compiled = (slot) =>
      iptablesRules(
        interfaces.find((each) => each.slot === slot)!,
        interfaces,
        rules,
        LAB,
      );
  });

  it('let a manager speak with nodes alone, and with AWS', () => {
    expect(compiled('manager-1')).toMatchInlineSnapshot(`
      "*mangle
      :LAB-SG-IN - [0:0]
      :LAB-SG-OUT - [0:0]
      :LAB-SG-AWS - [0:0]
      -A LAB-SG-IN -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
      -A LAB-SG-IN -s 10.40.0.2/32 -p tcp -m tcp --dport 8000 -j RETURN
      -A LAB-SG-IN -s 10.40.0.2/32 -p tcp -m tcp --dport 8001 -j RETURN
      -A LAB-SG-IN -s 10.40.2.11/32 -p tcp -m tcp --dport 7946 -j RETURN
      -A LAB-SG-IN -s 10.40.3.11/32 -p tcp -m tcp --dport 7946 -j RETURN
      -A LAB-SG-IN -s 10.40.4.11/32 -p tcp -m tcp --dport 7946 -j RETURN
      -A LAB-SG-IN -s 10.40.2.11/32 -p udp -m udp --dport 7946 -j RETURN
      -A LAB-SG-IN -s 10.40.3.11/32 -p udp -m udp --dport 7946 -j RETURN
      -A LAB-SG-IN -s 10.40.4.11/32 -p udp -m udp --dport 7946 -j RETURN
      -A LAB-SG-IN -s 10.40.2.11/32 -p udp -m udp --dport 4789 -j RETURN
      -A LAB-SG-IN -s 10.40.3.11/32 -p udp -m udp --dport 4789 -j RETURN
      -A LAB-SG-IN -s 10.40.4.11/32 -p udp -m udp --dport 4789 -j RETURN
      -A LAB-SG-IN -s 10.40.2.11/32 -p 50 -j RETURN
      -A LAB-SG-IN -s 10.40.3.11/32 -p 50 -j RETURN
      -A LAB-SG-IN -s 10.40.4.11/32 -p 50 -j RETURN
      -A LAB-SG-IN -s 10.40.2.11/32 -p tcp -m tcp --dport 2377 -j RETURN
      -A LAB-SG-IN -s 10.40.3.11/32 -p tcp -m tcp --dport 2377 -j RETURN
      -A LAB-SG-IN -s 10.40.4.11/32 -p tcp -m tcp --dport 2377 -j RETURN
      -A LAB-SG-IN -j DROP
      -A LAB-SG-OUT -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
      -A LAB-SG-OUT -d 10.40.0.2/32 -p tcp -m tcp --dport 4566 -j RETURN
      -A LAB-SG-OUT -d 169.254.0.0/16 -j RETURN
      -A LAB-SG-OUT -p udp -m udp --dport 53 -j RETURN
      -A LAB-SG-OUT -p tcp -m tcp --dport 53 -j RETURN
      -A LAB-SG-OUT -d 0.0.0.0/0 -p tcp -m tcp --dport 443 -j RETURN
      -A LAB-SG-OUT -d 10.40.2.11/32 -p tcp -m tcp --dport 7946 -j RETURN
      -A LAB-SG-OUT -d 10.40.3.11/32 -p tcp -m tcp --dport 7946 -j RETURN
      -A LAB-SG-OUT -d 10.40.4.11/32 -p tcp -m tcp --dport 7946 -j RETURN
      -A LAB-SG-OUT -d 10.40.2.11/32 -p udp -m udp --dport 7946 -j RETURN
      -A LAB-SG-OUT -d 10.40.3.11/32 -p udp -m udp --dport 7946 -j RETURN
      -A LAB-SG-OUT -d 10.40.4.11/32 -p udp -m udp --dport 7946 -j RETURN
      -A LAB-SG-OUT -d 10.40.2.11/32 -p udp -m udp --dport 4789 -j RETURN
      -A LAB-SG-OUT -d 10.40.3.11/32 -p udp -m udp --dport 4789 -j RETURN
      -A LAB-SG-OUT -d 10.40.4.11/32 -p udp -m udp --dport 4789 -j RETURN
      -A LAB-SG-OUT -d 10.40.2.11/32 -p 50 -j RETURN
      -A LAB-SG-OUT -d 10.40.3.11/32 -p 50 -j RETURN
      -A LAB-SG-OUT -d 10.40.4.11/32 -p 50 -j RETURN
      -A LAB-SG-OUT -d 10.40.2.11/32 -p tcp -m tcp --dport 2377 -j RETURN
      -A LAB-SG-OUT -d 255.255.255.255/32 -p icmp -m icmp --icmp-type 252/86 -j RETURN
      -A LAB-SG-OUT -j DROP
      -A LAB-SG-AWS -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN
      -A LAB-SG-AWS -j RETURN
      -A LAB-SG-AWS -j DROP
      COMMIT
      "
    `);
  });

  it('give a worker no port of Swarm management', () => {
    expect(
      compiled('worker-1')
        .split('\n')
        .filter((line) => line.includes('2377')),
    ).toMatchInlineSnapshot(`
      [
        "-A LAB-SG-OUT -d 10.40.2.11/32 -p tcp -m tcp --dport 2377 -j RETURN",
      ]
    `);
  });
});

describe('iptablesRules', () => {
  const own = at('10.40.2.11', ['sg-1']);
  const rule = (overrides: Partial<SecurityGroupRule> = {}): SecurityGroupRule => ({
    groupId: 'sg-1',
    egress: false,
    protocol: 'tcp',
    fromPort: 22,
    toPort: 22,
    peer: { cidr: '10.0.0.0/8' },
    ...overrides,
  });
  const added = (...rules: SecurityGroupRule[]): string[] => {
    const interfaces = [
      own,
      at('10.40.2.12', ['sg-2']),
      at('10.40.2.13', ['sg-2', 'sg-1']),
      at('10.9.0.1', ['sg-2'], 'vpc-2'),
    ];
    const bare = iptablesRules(own, interfaces, [], LAB).split('\n');
    return iptablesRules(own, interfaces, rules, LAB)
      .split('\n')
      .filter((line) => !bare.includes(line));
  };

  it.each<[string, Partial<SecurityGroupRule>, string]>([
    ['a port', {}, '-A LAB-SG-IN -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j RETURN'],
    ['ports', { protocol: 'udp', toPort: 30 }, '-A LAB-SG-IN -s 10.0.0.0/8 -p udp -m udp --dport 22:30 -j RETURN'],
    ['all ports', { fromPort: -1, toPort: -1 }, '-A LAB-SG-IN -s 10.0.0.0/8 -p tcp -j RETURN'],
    ['a number for a name', { protocol: '6' }, '-A LAB-SG-IN -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j RETURN'],
    ['a protocol without ports', { protocol: '50' }, '-A LAB-SG-IN -s 10.0.0.0/8 -p 50 -j RETURN'],
    ['everything', { protocol: '-1' }, '-A LAB-SG-IN -s 10.0.0.0/8 -j RETURN'],
    [
      'a type of ICMP',
      { protocol: 'icmp', fromPort: 8, toPort: -1 },
      '-A LAB-SG-IN -s 10.0.0.0/8 -p icmp -m icmp --icmp-type 8 -j RETURN',
    ],
    [
      'a code of ICMP',
      { protocol: '1', fromPort: 3, toPort: 4 },
      '-A LAB-SG-IN -s 10.0.0.0/8 -p icmp -m icmp --icmp-type 3/4 -j RETURN',
    ],
    ['the way out', { egress: true }, '-A LAB-SG-OUT -d 10.0.0.0/8 -p tcp -m tcp --dport 22 -j RETURN'],
  ])('%s', (_what, overrides, line) => {
    expect(added(rule(overrides))).toEqual([line]);
  });

  it('a group stands for the interfaces of its VPC that have it', () => {
    expect(added(rule({ peer: { groupId: 'sg-2' } }))).toEqual([
      '-A LAB-SG-IN -s 10.40.2.12/32 -p tcp -m tcp --dport 22 -j RETURN',
      '-A LAB-SG-IN -s 10.40.2.13/32 -p tcp -m tcp --dport 22 -j RETURN',
    ]);
  });

  it('a group without interfaces, and rules of a group that the interface lacks, allow nothing', () => {
    expect(added(rule({ peer: { groupId: 'sg-3' } }), rule({ groupId: 'sg-2' }))).toEqual([]);
  });

  it.each<[string, Partial<SecurityGroupRule>, boolean]>([
    ['443 to anywhere', { fromPort: 443, toPort: 443 }, true],
    ['all TCP to anywhere', { fromPort: 0, toPort: 65535 }, true],
    ['everything to anywhere', { protocol: '-1', fromPort: -1, toPort: -1 }, true],
    ['80 to anywhere', { fromPort: 80, toPort: 80 }, false],
    ['443 by UDP', { protocol: 'udp', fromPort: 443, toPort: 443 }, false],
    ['443 within the VPC', { fromPort: 443, toPort: 443, peer: { cidr: '10.40.0.0/16' } }, false],
  ])('AWS can be reached with %s: %#', (_what, overrides, reached) => {
    const lines = added(rule({ egress: true, peer: { cidr: '0.0.0.0/0' }, ...overrides }));
    expect(lines.includes('-A LAB-SG-AWS -j RETURN')).toBe(reached);
  });
});

describe('parseRules', () => {
  const item = (peer: string): string =>
    `<item><securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId><isEgress>true</isEgress>` +
    `<ipProtocol>50</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort>${peer}` +
    `<tagSet><item><key>a</key><value>b</value></item></tagSet></item>`;
  const parsed = { groupId: 'sg-1', egress: true, protocol: '50', fromPort: -1, toPort: -1 };

  it('reads ranges and groups, and passes over IPv6', () => {
    const xml = `<securityGroupRuleSet>${item('<cidrIpv4>10.0.0.0/8</cidrIpv4>')}${item('<cidrIpv6>::/0</cidrIpv6>')}${item('<referencedGroupInfo><groupId>sg-2</groupId></referencedGroupInfo>')}</securityGroupRuleSet>`;
    expect(parseRules(xml)).toEqual([
      { ...parsed, peer: { cidr: '10.0.0.0/8' } },
      { ...parsed, peer: { groupId: 'sg-2' } },
    ]);
  });

  it('refuses a rule that it could not enforce', () => {
    expect(() => parseRules(item(''))).toThrow(
      'rule sgr-1 of sg-1 names neither an address range nor a group by its id',
    );
  });
});

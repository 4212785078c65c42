import { thenRefresh } from '../../../../../lib/lab/gateway/ec2/ec2-resources';
import { SecurityGroups } from '../../../../../lib/lab/gateway/ec2/security-groups';
import type { ResourceHandler } from '../../../../../lib/lab/gateway/types';
import { CONTEXT, ResourceBench } from '../support/resource-handler';
import { instance, nodesData, removeStores, temporaryStore } from '../support/fixtures';

let bench: ResourceBench;
let applied: { container: string; rules: string }[];
let logged: string[];
let failure: Error | undefined;
let balancer: string[] | undefined;
let groups: SecurityGroups;
let store: ReturnType<typeof temporaryStore<ReturnType<typeof nodesData>>>;

const describes = (port: number): string =>
  `<item><securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId><isEgress>false</isEgress><ipProtocol>tcp</ipProtocol>` +
  `<fromPort>${port}</fromPort><toPort>${port}</toPort><cidrIpv4>10.0.0.0/8</cidrIpv4></item>`;

beforeEach(async () => {
  bench = await new ResourceBench().start();
  bench.answers.DescribeSecurityGroupRules = describes(22);
  [applied, logged, failure, balancer] = [[], [], undefined, undefined];
  store = temporaryStore(nodesData({ instances: { 'i-0a': instance() } }));
  groups = new SecurityGroups({
    upstream: bench.ministack.upstream,
    store,
    networks: { ensure: async () => ({ gateway: '10.40.0.2' }) },
    published: new Map([['worker-1', [8000]]]),
    balancerGroups: () => balancer,
    port: 4566,
    log: (_source, text) => void logged.push(text),
    async apply(container, rules) {
      if (failure) throw failure;
      applied.push({ container, rules });
    },
  });
});
afterEach(async () => {
  await bench.ministack.stop();
  removeStores();
});

it('a node gets the rules of its interface’s groups, and the ports that its slot publishes', async () => {
  await groups.apply(store.data.instances['i-0a']!);
  expect(bench.forms('DescribeSecurityGroupRules')[0]).toMatchObject({
    'Filter.1.Name': 'group-id',
    'Filter.1.Value.1': 'sg-1',
  });
  expect(applied).toEqual([{ container: 'metals-lab-i-0a', rules: expect.stringContaining('-s 10.0.0.0/8 -p tcp') }]);
  expect(applied[0]!.rules).toContain('-s 10.40.0.2/32 -p tcp -m tcp --dport 8000 -j RETURN');
});

it('a load balancer reaches a node as far as the node’s groups admit its own, and no further', async () => {
  const admits = (group: string): string =>
    describes(8000).replace(
      /<cidrIpv4>.*<\/cidrIpv4>/,
      `<referencedGroupInfo><groupId>${group}</groupId></referencedGroupInfo>`,
    );
  const fromBalancer = '-s 10.40.0.2/32 -p tcp -m tcp --dport 8000 -j RETURN';
  balancer = ['sg-balancer'];
  bench.answers.DescribeSecurityGroupRules = admits('sg-balancer');
  await groups.apply(store.data.instances['i-0a']!);
  bench.answers.DescribeSecurityGroupRules = admits('sg-other');
  await groups.apply(store.data.instances['i-0a']!);
  expect(applied.map(({ rules }) => rules.includes(fromBalancer))).toEqual([true, false]);
});

it('a launch whose node does not take its rules fails', async () => {
  failure = new Error('iptables has no match conntrack');
  await expect(groups.apply(store.data.instances['i-0a']!)).rejects.toThrow('no match conntrack');
});

it('a refresh reaches nodes whose rules have changed, and only those', async () => {
  await groups.refresh();
  await groups.refresh();
  expect(applied).toHaveLength(1);
  bench.answers.DescribeSecurityGroupRules = describes(23);
  await groups.refresh();
  expect(applied.map(({ rules }) => /--dport 2\d/.exec(rules)?.[0])).toEqual(['--dport 22', '--dport 23']);
});

it('nodes that still boot get theirs from the launch, and ended ones none', async () => {
  store.data.instances['i-0a']!.state = 'pending';
  store.data.instances['i-0b'] = instance({ id: 'i-0b', state: 'shutting-down' });
  await groups.refresh();
  expect(applied).toEqual([]);
  await groups.apply(store.data.instances['i-0a']!);
  bench.answers.DescribeSecurityGroupRules = describes(23);
  await groups.refresh();
  expect(applied).toHaveLength(2);
});

it('requests that come together are served by one look', async () => {
  await Promise.all([groups.refresh(), groups.refresh(), groups.refresh()]);
  expect(bench.forms('DescribeSecurityGroupRules').length).toBeLessThanOrEqual(2);
});

it('a node that does not take its rules is logged once and tried again', async () => {
  failure = new Error('the node hangs');
  await groups.refresh();
  await groups.refresh();
  expect(logged).toEqual(['the node hangs']);
  failure = undefined;
  await groups.refresh();
  expect(applied).toHaveLength(1);
});

it('an interface changes its groups', async () => {
  await groups.change('eni-1', ['sg-2', 'sg-3']);
  expect(store.data.interfaces['eni-1']!.securityGroupIds).toEqual(['sg-2', 'sg-3']);
  expect(bench.forms('DescribeSecurityGroupRules')[0]).toMatchObject({ 'Filter.1.Value.2': 'sg-3' });
  await groups.change('eni-1', []);
  await groups.change('eni-9', ['sg-4']);
  expect(store.data.interfaces['eni-1']!.securityGroupIds).toEqual(['sg-2', 'sg-3']);
});

it('a resource that changes rules is done once the nodes have them', async () => {
  const order: string[] = [];
  const step = (name: string) => async () => {
    order.push(name);
    return { physicalId: 'a' };
  };
  const handler: ResourceHandler = {
    type: 'AWS::EC2::SecurityGroupIngress',
    replaceOn: [],
    create: step('create'),
    update: step('update'),
    delete: async () => void order.push('delete'),
  };
  const refreshing = thenRefresh(handler, { refresh: async () => void order.push('refresh') });
  await refreshing.create({}, CONTEXT);
  await refreshing.update!('a', {}, {}, CONTEXT);
  await refreshing.delete('a', {});
  expect(order).toEqual(['create', 'refresh', 'update', 'refresh', 'delete', 'refresh']);
});

import { Balancers } from '../../../../../lib/lab/gateway/elasticloadbalancing/balancers';
import { loadBalancerResources } from '../../../../../lib/lab/gateway/elasticloadbalancing/load-balancer-resources';
import type { BalancingData } from '../../../../../lib/lab/gateway/elasticloadbalancing/records';
import type { Properties, ResourceHandler } from '../../../../../lib/lab/gateway/types';
import { noLog, removeStores, temporaryStore } from '../support/fixtures';
import { CONTEXT, ResourceBench } from '../support/resource-handler';

/** As CloudFormation hands them to a custom resource: every scalar a text. */
const BALANCER = {
  ...{ Name: 'metals-lab-internal', Type: 'network', Scheme: 'internal', SecurityGroups: ['sg-balancer'] },
  SubnetMappings: [{ SubnetId: 'subnet-1', PrivateIPv4Address: '10.40.3.5' }],
};
const GROUP = {
  ...{ Port: '8000', Protocol: 'TCP', TargetType: 'ip', VpcId: 'vpc-1', Matcher: { HttpCode: '200' } },
  ...{ HealthCheckProtocol: 'HTTP', HealthCheckPath: '/health', HealthCheckIntervalSeconds: '5' },
  ...{ HealthCheckTimeoutSeconds: '4', HealthyThresholdCount: '2', UnhealthyThresholdCount: '2' },
  // Nobody listens there.
  Targets: [{ Id: '127.0.0.1', Port: '1' }],
};

let bench: ResourceBench;
let store: ReturnType<typeof temporaryStore<BalancingData>>;
let balancers: Balancers;
let handlers: Record<string, ResourceHandler>;
let holder: string | undefined;

beforeEach(async () => {
  bench = await new ResourceBench().start();
  bench.answers.DescribeSubnets = '<cidrBlock>10.40.3.0/24</cidrBlock><vpcId>vpc-1</vpcId>';
  store = temporaryStore<BalancingData>({ loadBalancers: {}, targetGroups: {}, listeners: {} });
  balancers = new Balancers(store, { timing: { draw: () => 0 }, log: noLog });
  holder = undefined;
  const all = loadBalancerResources({
    ...{ upstream: bench.ministack.upstream, store, holderOf: () => holder, onChange: () => balancers.sync() },
  });
  handlers = Object.fromEntries(all.map((handler) => [handler.type.split('::')[2], handler]));
});
afterEach(async () => {
  balancers.stop();
  await bench.ministack.stop();
  removeStores();
});

const create = (type: string, properties: Properties) => handlers[type]!.create(properties, CONTEXT);
const listenerOf = (balancer: string, group: string, port = '8000') => ({
  ...{ LoadBalancerArn: balancer, Port: port, Protocol: 'TCP' },
  DefaultActions: [{ Type: 'forward', TargetGroupArn: group }],
});

async function createAll() {
  const { physicalId: balancer } = await create('LoadBalancer', BALANCER);
  const { physicalId: group } = await create('TargetGroup', GROUP);
  const { physicalId: listener } = await create('Listener', listenerOf(balancer, group));
  return { balancer, group, listener };
}

it('a load balancer, its group and its listener: a port leads to the targets', async () => {
  const { balancer, group } = await createAll();
  expect(balancer).toMatch(
    /^arn:aws:elasticloadbalancing:eu-west-1:000000000000:loadbalancer\/net\/metals-lab-internal\//,
  );
  expect(store.data.targetGroups[group]).toMatchObject({
    targets: [{ address: '127.0.0.1', port: 1 }],
    healthCheck: {
      ...{ path: '/health', codes: [200], intervalSeconds: 5, timeoutSeconds: 4 },
      ...{ healthyThreshold: 2, unhealthyThreshold: 2 },
    },
  });
  expect(balancers.status()).toEqual([
    { name: 'metals-lab-internal', port: 8000, targets: { '127.0.0.1:1': expect.any(String) } },
  ]);
  expect(balancers.securityGroupsIn('vpc-1')).toEqual(['sg-balancer']);
  expect(balancers.securityGroupsIn('vpc-2')).toBeUndefined();
});

it.each([
  ['at once, unless it is told otherwise', [], 0],
  ['never, where that is turned off', [['connection_termination.enabled', 'false']], undefined],
  [
    'after an interval',
    [
      ['connection_termination.enabled', 'false'],
      ['draining_interval_seconds', '30'],
    ],
    30,
  ],
])('connections to an unhealthy target are terminated %s', async (_, attributes, expected) => {
  const TargetGroupAttributes = attributes.map(([key, Value]) => ({
    Key: `target_health_state.unhealthy.${key}`,
    Value,
  }));
  const { physicalId } = await create('TargetGroup', { ...GROUP, TargetGroupAttributes });
  expect(store.data.targetGroups[physicalId]!.terminatesAfterSeconds).toBe(expected);
});

it('another slot is another target, and what is gone is no failure', async () => {
  const { balancer, group, listener } = await createAll();
  const Targets = [...GROUP.Targets, { Id: '127.0.0.2', Port: '1' }];
  await handlers.TargetGroup!.update!(group, { ...GROUP, Targets }, GROUP, CONTEXT);
  expect(Object.keys((balancers.status()[0] as { targets: object }).targets)).toEqual(['127.0.0.1:1', '127.0.0.2:1']);
  for (let i = 0; i < 2; i += 1) {
    await handlers.Listener!.delete(listener, {});
    await handlers.TargetGroup!.delete(group, {});
    await handlers.LoadBalancer!.delete(balancer, {});
  }
  expect(balancers.status()).toEqual([]);
  expect(balancers.securityGroupsIn('vpc-1')).toBeUndefined();
});

describe('as AWS does, it refuses', () => {
  it('a name twice', async () => {
    await createAll();
    await expect(create('LoadBalancer', BALANCER)).rejects.toThrow("with the same name 'metals-lab-internal' exists");
  });

  it('an address that a slot has, and one outside of the subnet', async () => {
    holder = 'eni-1';
    await expect(create('LoadBalancer', BALANCER)).rejects.toThrow('10.40.3.5 is already in use by eni-1');
    holder = undefined;
    const SubnetMappings = [{ SubnetId: 'subnet-1', PrivateIPv4Address: '10.40.4.5' }];
    await expect(create('LoadBalancer', { ...BALANCER, SubnetMappings })).rejects.toThrow('not one of the subnet');
  });

  it('to delete a group that a listener uses', async () => {
    const { group } = await createAll();
    await expect(handlers.TargetGroup!.delete(group, {})).rejects.toThrow('is currently in use by a listener');
  });

  it('a group behind two load balancers, and a port twice', async () => {
    const { balancer, group } = await createAll();
    const { physicalId: other } = await create('LoadBalancer', { ...BALANCER, Name: 'other' });
    await expect(create('Listener', listenerOf(other, group))).rejects.toThrow('more than one load balancer');
    await expect(create('Listener', listenerOf(balancer, group))).rejects.toThrow('already exists on this port');
  });

  it('a listener of what does not exist', async () => {
    const { balancer, group } = await createAll();
    await expect(create('Listener', listenerOf('arn:none', group))).rejects.toThrow(
      "Load balancer 'arn:none' not found",
    );
    await expect(create('Listener', listenerOf(balancer, 'arn:none', '9000'))).rejects.toThrow(
      "Target groups 'arn:none'",
    );
  });
});

it.each([
  ['LoadBalancer', { ...BALANCER, Scheme: 'internet-facing' }, 'scheme internet-facing'],
  ['LoadBalancer', { ...BALANCER, Type: 'application' }, 'type application'],
  ['LoadBalancer', { ...BALANCER, SubnetMappings: [] }, 'got none'],
  ['TargetGroup', { ...GROUP, Protocol: 'UDP' }, 'no target group of UDP'],
  ['TargetGroup', { ...GROUP, TargetType: 'instance' }, 'and instance'],
  ['TargetGroup', { ...GROUP, HealthCheckProtocol: 'TCP' }, 'no health check by TCP'],
  ['TargetGroup', { ...GROUP, Matcher: { HttpCode: '200-299' } }, 'no ranges of codes'],
  ['Listener', { ...listenerOf('a', 'b'), Protocol: 'TLS' }, 'no listener of TLS'],
])('says what of a %s it does not know', async (type, properties, what) => {
  await expect(create(type, properties)).rejects.toThrow(what);
});

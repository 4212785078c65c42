/** The types of AWS::ElasticLoadBalancingV2, as far as a network load balancer over fixed addresses needs them. */
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import { hexId, isTrue } from '../cloudformation/resource';
import { isUsableAddress } from '../ec2/subnet';
import { AwsError } from '../errors';
import { requiredXmlValue } from '../front-door/xml';
import type { Upstream } from '../ministack/upstream';
import type { Properties, ResourceHandler } from '../types';
import type { BalancingStore, HealthCheck, Target } from './records';

export interface BalancingDependencies {
  readonly upstream: Upstream;
  readonly store: BalancingStore;
  /** Who has an address of a VPC; undefined when it is free. */
  readonly holderOf: (vpcId: string, address: string) => string | undefined;
  /** Hears of every change. */
  readonly onChange: () => void;
}

const arnOf = (path: string): string =>
  `arn:aws:elasticloadbalancing:${LAB_REGION}:${LAB_ACCOUNT_ID}:${path}/${hexId(16)}`;

const refuse = (what: string): AwsError =>
  new AwsError('UnsupportedOperation', `The lab: ${what}; lib/lab/gateway/elasticloadbalancing has what it knows`);

export const loadBalancerResources = (dependencies: BalancingDependencies): readonly ResourceHandler[] => [
  loadBalancer(dependencies),
  targetGroup(dependencies),
  listener(dependencies),
];

function loadBalancer({ upstream, store, holderOf, onChange }: BalancingDependencies): ResourceHandler {
  const result = (arn: string) => {
    const { name, dnsName } = store.data.loadBalancers[arn]!;
    const attributes = {
      LoadBalancerArn: arn,
      DNSName: dnsName,
      LoadBalancerName: name,
      LoadBalancerFullName: fullName(arn),
    };
    return { physicalId: arn, attributes };
  };
  return {
    type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
    replaceOn: ['Name', 'Scheme', 'Type', 'SubnetMappings', 'Subnets'],
    async create({ Name: name, Type, Scheme, SubnetMappings = [], SecurityGroups = [] }) {
      if (Type !== 'network' || Scheme !== 'internal')
        throw refuse(`no load balancer of type ${Type} and scheme ${Scheme}`);
      if (Object.values(store.data.loadBalancers).some((each) => each.name === name))
        throw new AwsError('DuplicateLoadBalancerName', `A load balancer with the same name '${name}' exists`);
      const places = await Promise.all((SubnetMappings as Properties[]).map((mapping) => placeOf(upstream, mapping)));
      if (places.length === 0) throw refuse('load balancers have SubnetMappings with a PrivateIPv4Address; got none');
      const { vpcId } = places[0]!;
      for (const { address } of places) {
        const holder = holderOf(vpcId, address);
        if (holder)
          throw new AwsError(
            'InvalidIPAddress.InUse',
            `The specified address ${address} is already in use by ${holder}.`,
          );
      }
      const arn = arnOf(`loadbalancer/net/${name}`);
      const dnsName = `${name}-${arn.split('/').at(-1)}.elb.${LAB_REGION}.amazonaws.com`;
      const addresses = places.map(({ address }) => address);
      store.update((data) => {
        data.loadBalancers[arn] = { arn, name, vpcId, dnsName, addresses, securityGroupIds: [...SecurityGroups] };
      });
      onChange();
      return result(arn);
    },
    async update(arn, { SecurityGroups = [] }) {
      store.update(({ loadBalancers }) => void (loadBalancers[arn]!.securityGroupIds = [...SecurityGroups]));
      onChange();
      return result(arn);
    },
    async delete(arn) {
      store.update(({ loadBalancers }) => void delete loadBalancers[arn]);
      onChange();
    },
  };
}

async function placeOf(
  upstream: Upstream,
  { SubnetId, PrivateIPv4Address: address }: Properties,
): Promise<{ vpcId: string; address: string }> {
  const subnet = await upstream.query('ec2', 'DescribeSubnets', { SubnetId: [SubnetId] });
  const cidr = requiredXmlValue(subnet, 'cidrBlock');
  if (!isUsableAddress(cidr, String(address)))
    throw new AwsError(
      'InvalidConfigurationRequest',
      `The address ${address} is not one of the subnet ${SubnetId}, ${cidr}`,
    );
  return { vpcId: requiredXmlValue(subnet, 'vpcId'), address };
}

function targetGroup({ store, onChange }: BalancingDependencies): ResourceHandler {
  const result = (arn: string) => ({
    physicalId: arn,
    attributes: {
      TargetGroupArn: arn,
      TargetGroupFullName: fullName(arn),
      TargetGroupName: store.data.targetGroups[arn]!.name,
    },
  });
  return {
    type: 'AWS::ElasticLoadBalancingV2::TargetGroup',
    replaceOn: ['Name', 'Port', 'Protocol', 'TargetType', 'VpcId'],
    async create(properties, { logicalId }) {
      const { Protocol, TargetType } = properties;
      if (Protocol !== 'TCP' || TargetType !== 'ip') throw refuse(`no target group of ${Protocol} and ${TargetType}`);
      const name = String(properties.Name ?? logicalId.slice(0, 32));
      const arn = arnOf(`targetgroup/${name}`);
      const group = { arn, name, ...membersOf(properties) };
      store.update((data) => void (data.targetGroups[arn] = group));
      onChange();
      return result(arn);
    },
    async update(arn, properties) {
      const group = membersOf(properties);
      store.update(({ targetGroups }) => void Object.assign(targetGroups[arn]!, group));
      onChange();
      return result(arn);
    },
    async delete(arn) {
      const user = Object.values(store.data.listeners).find(({ targetGroupArn }) => targetGroupArn === arn);
      if (user)
        throw new AwsError('ResourceInUse', `Target group '${arn}' is currently in use by a listener or a rule`);
      store.update(({ targetGroups }) => void delete targetGroups[arn]);
      onChange();
    },
  };
}

function listener({ store, onChange }: BalancingDependencies): ResourceHandler {
  const read = ({ LoadBalancerArn, Port, Protocol, DefaultActions = [] }: Properties) => {
    const [action, ...others] = DefaultActions as Properties[];
    if (Protocol !== 'TCP' || action?.Type !== 'forward' || others.length > 0)
      throw refuse(`no listener of ${Protocol} other than one that forwards by TCP to one target group`);
    const { loadBalancers, targetGroups, listeners } = store.data;
    const [loadBalancerArn, targetGroupArn, port] = [
      String(LoadBalancerArn),
      String(action.TargetGroupArn),
      Number(Port),
    ];
    if (!(loadBalancerArn in loadBalancers))
      throw new AwsError('LoadBalancerNotFound', `Load balancer '${loadBalancerArn}' not found`);
    if (!(targetGroupArn in targetGroups))
      throw new AwsError('TargetGroupNotFound', `Target groups '${targetGroupArn}' not found`);
    const elsewhere = Object.values(listeners).some(
      (each) => each.targetGroupArn === targetGroupArn && each.loadBalancerArn !== loadBalancerArn,
    );
    if (elsewhere)
      throw new AwsError(
        'TargetGroupAssociationLimit',
        `The following target groups cannot be associated with more than one load balancer: ${targetGroupArn}`,
      );
    return { loadBalancerArn, targetGroupArn, port };
  };
  const result = (arn: string) => ({ physicalId: arn, attributes: { ListenerArn: arn } });
  return {
    type: 'AWS::ElasticLoadBalancingV2::Listener',
    replaceOn: ['LoadBalancerArn'],
    async create(properties) {
      const content = read(properties);
      const taken = Object.values(store.data.listeners).some(
        ({ loadBalancerArn, port }) => loadBalancerArn === content.loadBalancerArn && port === content.port,
      );
      if (taken)
        throw new AwsError('DuplicateListener', 'A listener already exists on this port for this load balancer');
      const arn = arnOf(`listener/${fullName(content.loadBalancerArn)}`);
      store.update(({ listeners }) => void (listeners[arn] = { arn, ...content }));
      onChange();
      return result(arn);
    },
    async update(arn, properties) {
      const { port, targetGroupArn } = read(properties);
      store.update(({ listeners }) => void Object.assign(listeners[arn]!, { port, targetGroupArn }));
      onChange();
      return result(arn);
    },
    async delete(arn) {
      store.update(({ listeners }) => void delete listeners[arn]);
      onChange();
    },
  };
}

/** `net/NAME/ID` of a load balancer, `targetgroup/NAME/ID` of a target group. */
const fullName = (arn: string): string =>
  arn
    .split(':')
    .at(-1)!
    .replace(/^loadbalancer\//, '');

/** What of a target group can change; of CloudFormation's properties, in which every scalar is a text. */
function membersOf(properties: Properties) {
  return {
    targets: ((properties.Targets ?? []) as Properties[]).map(({ Id, Port }): Target => ({
      address: String(Id),
      port: Number(Port ?? properties.Port),
    })),
    healthCheck: healthCheckOf(properties),
    terminatesAfterSeconds: terminatesAfterSeconds(properties.TargetGroupAttributes ?? []),
  };
}

function healthCheckOf(properties: Properties): HealthCheck {
  const { HealthCheckProtocol: protocol, HealthCheckPort: port, HealthCheckPath: path, Matcher } = properties;
  if (protocol !== 'HTTP' || (port ?? 'traffic-port') !== 'traffic-port')
    throw refuse(`no health check by ${protocol} on port ${port ?? 'traffic-port'}`);
  const codes = String(Matcher?.HttpCode ?? '200')
    .split(',')
    .map(Number);
  if (codes.some((code) => !Number.isInteger(code))) throw refuse(`no ranges of codes, got ${Matcher.HttpCode}`);
  // Defaults of a target group for a network load balancer [API reference of CreateTargetGroup].
  return {
    path: String(path ?? '/'),
    codes,
    intervalSeconds: Number(properties.HealthCheckIntervalSeconds ?? 30),
    timeoutSeconds: Number(properties.HealthCheckTimeoutSeconds ?? 6),
    healthyThreshold: Number(properties.HealthyThresholdCount ?? 5),
    unhealthyThreshold: Number(properties.UnhealthyThresholdCount ?? 2),
  };
}

/**
 * Unless it is told otherwise, a load balancer terminates established connections to a target as soon as it is unhealthy
 * [target_health_state.unhealthy.connection_termination.enabled]; else after the draining interval, if there is one.
 */
function terminatesAfterSeconds(attributes: readonly Properties[]): number | undefined {
  const value = (name: string): unknown =>
    attributes.find(({ Key }) => Key === `target_health_state.unhealthy.${name}`)?.Value;
  if (isTrue(value('connection_termination.enabled') ?? true)) return 0;
  const seconds = Number(value('draining_interval_seconds') ?? 0);
  return seconds > 0 ? seconds : undefined;
}

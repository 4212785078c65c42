import type { Template } from 'aws-cdk-lib/assertions';
import { loadBalancerResources } from '../../../lib/lab/gateway/elasticloadbalancing/load-balancer-resources';
import type { BalancingData, BalancingStore } from '../../../lib/lab/gateway/elasticloadbalancing/records';
import { CERTIFICATE, EXISTING } from '../../../scripts/option-sets';
import { synthesise } from './synthesise';

const ELB = 'AWS::ElasticLoadBalancingV2';
const values = (template: Template, type: string) =>
  Object.values(template.findResources(type)).map(({ Properties }) => Properties);
/** Of the load balancer and what belongs to it; ids of its assets change with every line of code. */
const ofBalancer = (template: Template): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(template.toJSON().Resources as Record<string, { Type: string }>).filter(
      ([id, { Type }]) => /^(Public|Internal)LoadBalancer/.test(id) && !Type.startsWith('Custom::'),
    ),
  );
/** Ports that come in from ranges of addresses. */
const ingress = (template: Template): string[] =>
  values(template, 'AWS::EC2::SecurityGroup')
    .flatMap(({ SecurityGroupIngress }) => SecurityGroupIngress ?? [])
    .map(({ CidrIp, FromPort }) => `${CidrIp} ${FromPort}`);

/** Properties as a custom resource gets them: references resolved, every scalar a text. */
function asCustomResource(value: unknown, arns: Readonly<Record<string, string>>): any {
  if (Array.isArray(value)) return value.map((item) => asCustomResource(item, arns));
  if (typeof value !== 'object' || value === null) return String(value);
  const { Ref } = value as { Ref?: string };
  if (Ref !== undefined) return arns[Ref] ?? Ref;
  if ('Fn::GetAtt' in value || 'Fn::GetStackOutput' in value) return 'resolved';
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, asCustomResource(member, arns)]));
}

it('is none by default', () => {
  expect(values(synthesise().swarm, `${ELB}::LoadBalancer`)).toEqual([]);
});

describe('an internal one', () => {
  const { swarm } = synthesise({ loadBalancer: 'internal' });

  it('has not changed by accident', () => expect(ofBalancer(swarm)).toMatchSnapshot());

  it('has fixed addresses, which no slot can get, and no public one', () => {
    const [{ Scheme, SubnetMappings }] = values(swarm, `${ELB}::LoadBalancer`);
    expect(Scheme).toBe('internal');
    expect(SubnetMappings.map((mapping: { PrivateIPv4Address: string }) => mapping.PrivateIPv4Address)).toEqual([
      '10.40.3.5',
      '10.40.4.5',
      '10.40.5.5',
    ]);
  });

  it('reaches both ports of every slot by its fixed address, while the node says that it is healthy', () => {
    const groups = values(swarm, `${ELB}::TargetGroup`);
    expect(groups.map(({ Port }) => Port).sort()).toEqual([8000, 8001]);
    for (const { Port, TargetType, Targets, HealthCheckProtocol, HealthCheckPath, Matcher } of groups) {
      expect({ TargetType, HealthCheckProtocol, HealthCheckPath, Matcher }).toEqual({
        Matcher: { HttpCode: '200' },
        TargetType: 'ip',
        HealthCheckProtocol: 'HTTP',
        HealthCheckPath: '/health',
      });
      expect(Targets).toEqual(['10.40.3.11', '10.40.4.21', '10.40.5.22'].map((Id) => ({ Id, Port })));
    }
  });

  it('lets what a leaving edge still answers end, and ends what hangs on a node that is gone', () => {
    for (const { TargetGroupAttributes } of values(swarm, `${ELB}::TargetGroup`)) {
      expect(TargetGroupAttributes).toEqual(
        expect.arrayContaining([
          { Key: 'target_health_state.unhealthy.connection_termination.enabled', Value: 'false' },
          { Key: 'target_health_state.unhealthy.draining_interval_seconds', Value: '30' },
        ]),
      );
    }
  });

  it('is one that the lab’s stand-in knows', async () => {
    const upstream = { query: async () => '<vpcId>vpc-1</vpcId><cidrBlock>10.40.0.0/16</cidrBlock>' } as never;
    const records = { data: { loadBalancers: {}, targetGroups: {}, listeners: {} } } as never as BalancingStore;
    const store = { ...records, update: (change: (data: BalancingData) => unknown) => change(records.data) } as never;
    const handlers = loadBalancerResources({ upstream, store, holderOf: () => undefined, onChange: () => undefined });
    const arns: Record<string, string> = {};
    const resources = Object.entries(ofBalancer(swarm) as Record<string, { Type: string; Properties: object }>);
    // In the order of what refers to what: balancer, groups, listeners.
    for (const { type, create } of handlers) {
      for (const [logicalId, { Properties }] of resources.filter(([, { Type }]) => Type === type)) {
        const { physicalId } = await create(asCustomResource(Properties, arns), { logicalId, stackName: 'swarm' });
        arns[logicalId] = physicalId;
      }
    }
    expect(
      Object.values(records.data.listeners)
        .map(({ port }) => port)
        .sort(),
    ).toEqual([8000, 8001]);
    for (const { terminatesAfterSeconds, targets } of Object.values(records.data.targetGroups)) {
      expect(terminatesAfterSeconds).toBe(30);
      expect(targets.map(({ address }) => address)).toEqual(['10.40.3.11', '10.40.4.21', '10.40.5.22']);
    }
  });

  it('takes connections from the VPC, or from the ranges that are named, and passes them to nodes alone', () => {
    expect(ingress(swarm)).toEqual(['10.40.0.0/16 8000', '10.40.0.0/16 8001']);
    const named = synthesise({ loadBalancer: 'internal', loadBalancerCidrs: '192.0.2.0/24,198.51.100.7/32' });
    expect(ingress(named.swarm).sort()).toEqual([
      '192.0.2.0/24 8000',
      '192.0.2.0/24 8001',
      '198.51.100.7/32 8000',
      '198.51.100.7/32 8001',
    ]);
    const toNodes = values(swarm, 'AWS::EC2::SecurityGroupIngress').filter(
      ({ Description }) => Description === 'load balancer',
    );
    expect(toNodes.map(({ FromPort }) => FromPort).sort()).toEqual([8000, 8001]);
    for (const rule of toNodes) expect(rule).not.toHaveProperty('CidrIp');
  });

  it('needs no bucket: there are access logs of TLS alone', () => {
    expect(values(swarm, 'AWS::S3::Bucket')).toEqual([]);
  });

  it('is in the subnets of an existing VPC as well', () => {
    const inExisting = synthesise({ loadBalancer: 'internal', ...EXISTING }).swarm;
    const [{ SubnetMappings }] = values(inExisting, `${ELB}::LoadBalancer`);
    expect(SubnetMappings[0]).toEqual({ SubnetId: 'subnet-0123456a', PrivateIPv4Address: '10.40.3.5' });
  });
});

describe('a public one', () => {
  const { swarm } = synthesise({
    ...{ loadBalancer: 'public', loadBalancerCertificateArn: CERTIFICATE, loadBalancerCidrs: '0.0.0.0/0' },
  });

  it('has not changed by accident', () => expect(ofBalancer(swarm)).toMatchSnapshot());

  it('shows the producer alone, by TLS alone', () => {
    expect(values(swarm, `${ELB}::LoadBalancer`)).toMatchObject([{ Scheme: 'internet-facing' }]);
    expect(values(swarm, `${ELB}::Listener`)).toMatchObject([
      { Port: 443, Protocol: 'TLS', Certificates: [{ CertificateArn: CERTIFICATE }] },
    ]);
    expect(values(swarm, `${ELB}::TargetGroup`)).toMatchObject([{ Port: 8000, Protocol: 'TCP' }]);
    expect(ingress(swarm)).toEqual(['0.0.0.0/0 443']);
  });

  it('shares nothing with an internal one: a target group cannot move to another load balancer', () => {
    const ids = (template: Template) => Object.keys(ofBalancer(template));
    const { swarm: internal } = synthesise({ loadBalancer: 'internal' });
    expect(ids(internal).length).toBeGreaterThan(5);
    expect(ids(swarm).filter((id) => ids(internal).includes(id))).toEqual([]);
  });

  it('reaches nodes on the producer’s port alone', () => {
    const toNodes = values(swarm, 'AWS::EC2::SecurityGroupIngress').filter(
      ({ Description }) => Description === 'load balancer',
    );
    expect(toNodes.map(({ FromPort }) => FromPort)).toEqual([8000]);
  });

  it('keeps its access logs in a private bucket, for a month', () => {
    const [bucket, ...others] = values(swarm, 'AWS::S3::Bucket');
    expect(others).toEqual([]);
    expect(bucket).toMatchObject({
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, RestrictPublicBuckets: true },
      LifecycleConfiguration: { Rules: [{ ExpirationInDays: 30 }] },
    });
    const [{ LoadBalancerAttributes }] = values(swarm, `${ELB}::LoadBalancer`);
    expect(LoadBalancerAttributes).toContainEqual({ Key: 'access_logs.s3.enabled', Value: 'true' });
  });
});

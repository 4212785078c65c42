import type { Template } from 'aws-cdk-lib/assertions';
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

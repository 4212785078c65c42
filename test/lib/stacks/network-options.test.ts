import type { Template } from 'aws-cdk-lib/assertions';
import { EXISTING } from '../../../scripts/option-sets';
import { ENDPOINT_APIS } from '../../../lib/contract';
import { AMI, masked, synthesise } from './synthesise';

const byDefault = synthesise();

const count = (template: Template, type: string): number => Object.keys(template.findResources(type)).length;
const values = (template: Template, type: string) => Object.values(template.findResources(type));
const slotRanges = (template: Template): unknown[] =>
  Object.entries(template.findResources('AWS::EC2::Subnet'))
    .filter(([id]) => id.startsWith('Vpcprivate'))
    .map(([id, { Properties }]) => [id, Properties.CidrBlock, Properties.AvailabilityZone]);

describe('NAT instances', () => {
  const { network } = synthesise({ egress: 'nat-instance', flowLogs: 'rejected' });

  it('have not changed by accident', () => expect(masked(network)).toMatchSnapshot());

  it('take the place of NAT gateways, and move no slot', () => {
    expect(count(network, 'AWS::EC2::NatGateway')).toBe(0);
    expect(count(network, 'AWS::EC2::Instance')).toBe(1);
    const ways = values(network, 'AWS::EC2::Route').filter(({ Properties }) => Properties.InstanceId);
    expect(ways).toHaveLength(3);
    expect(slotRanges(network)).toEqual(slotRanges(byDefault.network));
  });

  it('take HTTPS from the VPC and nothing from outside', () => {
    const groups = values(network, 'AWS::EC2::SecurityGroup');
    const ingress = groups.flatMap(({ Properties }) => Properties.SecurityGroupIngress ?? []);
    expect(ingress).toEqual([expect.objectContaining({ FromPort: 443, ToPort: 443, CidrIp: expect.anything() })]);
    expect(JSON.stringify(ingress)).not.toContain('0.0.0.0/0');
    const egress = groups.flatMap(({ Properties }) => Properties.SecurityGroupEgress ?? []);
    expect(egress.map(({ FromPort, ToPort }) => [FromPort, ToPort])).toEqual([[443, 443]]);
  });

  it('are of the pinned image, answer metadata by IMDSv2 alone, have an encrypted disk and forward what is not theirs', () => {
    network.hasResourceProperties('AWS::EC2::Instance', {
      ImageId: AMI,
      SourceDestCheck: false,
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      BlockDeviceMappings: [{ Ebs: { Encrypted: true } }],
    });
    expect(values(network, 'AWS::EC2::Instance')[0]!.Properties).not.toHaveProperty('KeyName');
  });

  it('get routes only once they have said that they forward', () => {
    const [[id, instance]] = Object.entries(network.findResources('AWS::EC2::Instance')) as [
      [string, Record<string, unknown> & { Properties: { UserData: unknown } }],
    ];
    expect(instance.CreationPolicy).toEqual({ ResourceSignal: { Count: 1, Timeout: 'PT15M' } });
    const script = JSON.stringify(instance.Properties.UserData);
    expect(script).toContain(`METALS_STACK=metals-test-network\\nMETALS_RESOURCE=${id}\\nAWS_REGION=eu-west-1\\n`);
  });

  it('are as many as there are zones with a way out', () => {
    expect(count(synthesise({ egress: 'nat-instance', egressZones: 3 }).network, 'AWS::EC2::Instance')).toBe(3);
  });
});

describe('endpoints', () => {
  const { network, swarm } = synthesise({ egress: 'endpoints', egressZones: 2 });

  it('have not changed by accident', () => expect(masked(network)).toMatchSnapshot());

  it('leave no way to the internet, and move no slot', () => {
    for (const type of ['NatGateway', 'InternetGateway', 'Instance', 'EIP']) {
      expect(count(network, `AWS::EC2::${type}`)).toBe(0);
    }
    expect(values(network, 'AWS::EC2::Route')).toEqual([]);
    expect(slotRanges(network)).toEqual(slotRanges(byDefault.network));
    expect(swarm.findResources('AWS::EC2::NetworkInterface')).toEqual(
      byDefault.swarm.findResources('AWS::EC2::NetworkInterface'),
    );
  });

  it('are there for every API that nodes call, in two zones, and for S3 in each route table', () => {
    const endpoints = values(network, 'AWS::EC2::VPCEndpoint').map(({ Properties }) => Properties);
    const [s3, ...others] = endpoints.filter(({ VpcEndpointType }) => VpcEndpointType === 'Gateway');
    expect(others).toEqual([]);
    expect(s3.RouteTableIds).toHaveLength(3);
    const interfaces = endpoints.filter(({ VpcEndpointType }) => VpcEndpointType === 'Interface');
    expect(interfaces.map(({ ServiceName }) => ServiceName).sort()).toEqual(
      ENDPOINT_APIS.map((api) => `com.amazonaws.eu-west-1.${api}`).sort(),
    );
    for (const { SubnetIds, PrivateDnsEnabled } of interfaces) {
      // Not where slots have fixed addresses.
      expect(JSON.stringify(SubnetIds)).toMatch(/Vpcpublic.*Vpcpublic/);
      expect(SubnetIds).toHaveLength(2);
      expect(PrivateDnsEnabled).toBe(true);
    }
  });

  it('let in HTTPS from the subnets of the slots, and nothing else', () => {
    const ingress = values(network, 'AWS::EC2::SecurityGroup').flatMap(
      ({ Properties }) => Properties.SecurityGroupIngress ?? [],
    );
    expect(ingress).toHaveLength(3);
    for (const rule of ingress) {
      expect(rule).toMatchObject({ IpProtocol: 'tcp', FromPort: 443, ToPort: 443 });
    }
    expect(ingress.map(({ CidrIp }) => CidrIp)).toEqual(['10.40.3.0/24', '10.40.4.0/24', '10.40.5.0/24']);
  });
});

describe('an existing VPC', () => {
  const { network, data, swarm } = synthesise({ ...EXISTING, flowLogs: 'all' });

  it('has not changed by accident', () => expect(masked(network)).toMatchSnapshot());

  const typesOf = (template: Template): string[] =>
    Object.values(template.toJSON().Resources as Record<string, { Type: string }>)
      .map(({ Type }) => Type)
      .sort();
  // A stack needs one resource at least.
  const NOTHING = 'AWS::CloudFormation::WaitConditionHandle';

  it('gets a flow log and nothing else, and without one nothing', () => {
    const flowLog = ['AWS::EC2::FlowLog', 'AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::Logs::LogGroup'];
    expect(typesOf(network)).toEqual([NOTHING, ...flowLog]);
    expect(typesOf(synthesise({ ...EXISTING }).network)).toEqual([NOTHING]);
  });

  it('holds the slots in its subnets, in the order of the zones', () => {
    const interfaces = values(swarm, 'AWS::EC2::NetworkInterface').map(({ Properties }) => Properties);
    expect(interfaces.map(({ SubnetId, PrivateIpAddress }) => [SubnetId, PrivateIpAddress])).toEqual([
      ['subnet-0123456a', '10.40.3.11'],
      ['subnet-0123456b', '10.40.4.21'],
      ['subnet-0123456c', '10.40.5.22'],
    ]);
    expect(values(swarm, 'AWS::EC2::SecurityGroup').map(({ Properties }) => Properties.VpcId)).toEqual([
      EXISTING.vpcId,
      EXISTING.vpcId,
    ]);
    const zones = values(data, 'Custom::KeptVolume').map(({ Properties }) => Properties.AvailabilityZone);
    expect(zones).toEqual(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']);
  });
});

describe('tags', () => {
  const tags = { team: 'metals', 'cost-centre': '42' };
  const list = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const templates = synthesise({ tags });

  it('are of the VPC, of groups and, by them, of instances, and of the disks of instances', () => {
    for (const { Properties } of values(templates.network, 'AWS::EC2::VPC'))
      expect(Properties.Tags).toEqual(expect.arrayContaining(list));
    for (const { Properties } of values(templates.swarm, 'AWS::AutoScaling::AutoScalingGroup'))
      expect(Properties.Tags).toEqual(expect.arrayContaining(list.map((tag) => ({ ...tag, PropagateAtLaunch: true }))));
    for (const { Properties } of values(templates.swarm, 'AWS::EC2::LaunchTemplate'))
      expect(Properties.LaunchTemplateData.TagSpecifications).toEqual([{ ResourceType: 'volume', Tags: list }]);
  });

  it('are of volumes and secrets, which the stack’s own functions make', () => {
    for (const type of ['Custom::KeptVolume', 'Custom::KeptSecret']) {
      const resources = values(templates.data, type);
      expect(resources).toHaveLength(3);
      for (const { Properties } of resources) expect(Properties.Tags).toEqual(tags);
    }
  });

  it('can be given by the function to volumes of the stage alone, with these keys alone', () => {
    const allowed = values(templates.data, 'AWS::IAM::Policy')
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action, Condition }) => Action === 'ec2:CreateTags' && !Condition.StringEquals['ec2:CreateAction']);
    expect(allowed).toEqual([
      expect.objectContaining({
        Condition: {
          StringEquals: { 'aws:ResourceTag/metals:stage': 'test' },
          'ForAllValues:StringEquals': { 'aws:TagKeys': Object.keys(tags) },
        },
      }),
    ]);
  });
});

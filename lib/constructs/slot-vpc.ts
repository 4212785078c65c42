import { Annotations, CfnWaitConditionHandle, type Stack } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Config } from '../config';
import { addEndpoints } from './interface-endpoints';
import { NatInstances } from './nat-instances';

/** A network, and in each zone, in their order, the subnet whose slots are there. */
export interface SlotVpc {
  readonly vpc: ec2.IVpc;
  readonly subnets: readonly ec2.ISubnet[];
  /** Of NAT instances, if there are any. */
  readonly natGroup?: ec2.ISecurityGroup;
}

/** The group of subnets that NAT and load balancers are in. */
const FRONT_SUBNETS = 'public';
/** The group of subnets that hold the slots. */
const SLOT_SUBNETS = 'private';

/**
 * A VPC with a public and a private subnet in each zone, and one way out. The ranges of the subnets do not depend on the
 * way out, so it can be changed without moving a slot.
 */
export function newVpc(stack: Stack, config: Config, zones: readonly string[]): SlotVpc {
  const isolated = config.egress === 'endpoints';
  const natGatewayProvider = config.egress === 'nat-instance' ? new NatInstances(config) : undefined;
  const vpc = new ec2.Vpc(stack, 'Vpc', {
    ipAddresses: ec2.IpAddresses.cidr(config.vpcCidr),
    availabilityZones: [...zones],
    natGateways: isolated ? 0 : config.egressZones,
    ...(natGatewayProvider && { natGatewayProvider }),
    subnetConfiguration: [
      {
        name: FRONT_SUBNETS,
        // Without internet they hold the endpoints, which would else take addresses of slots that are added later.
        ...(isolated
          ? { subnetType: ec2.SubnetType.PRIVATE_ISOLATED }
          : { subnetType: ec2.SubnetType.PUBLIC, mapPublicIpOnLaunch: false }),
        cidrMask: 24,
      },
      {
        name: SLOT_SUBNETS,
        subnetType: isolated ? ec2.SubnetType.PRIVATE_ISOLATED : ec2.SubnetType.PRIVATE_WITH_EGRESS,
        cidrMask: 24,
      },
    ],
  });
  natGatewayProvider?.finish(vpc);
  const { subnets } = vpc.selectSubnets({ subnetGroupName: SLOT_SUBNETS });
  if (isolated) {
    const places = vpc.selectSubnets({ subnetGroupName: FRONT_SUBNETS }).subnets;
    addEndpoints(vpc, subnets, places.slice(0, config.egressZones));
  }
  return { vpc, subnets, ...(natGatewayProvider && { natGroup: natGatewayProvider.securityGroup }) };
}

/** Nothing in it is made or changed, its routes included. Named, not looked up: a synthesis needs no credentials. */
export function existingVpc(stack: Stack, config: Config, zones: readonly string[]): SlotVpc {
  const vpc = ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
    vpcId: config.vpcId,
    vpcCidrBlock: config.vpcCidr,
    availabilityZones: [...zones],
    privateSubnetIds: config.vpcSubnets.map(({ id }) => id),
    privateSubnetIpv4CidrBlocks: config.vpcSubnets.map(({ cidr }) => cidr),
  });
  for (const subnet of vpc.privateSubnets) {
    Annotations.of(subnet).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId', 'its routes are its owner’s');
  }
  // CloudFormation refuses a stack without resources; this one costs nothing and does nothing.
  new CfnWaitConditionHandle(stack, 'Nothing');
  return { vpc, subnets: vpc.privateSubnets };
}

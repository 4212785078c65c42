import { Stack, type StackProps } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { addressAt } from '../cidr';
import { type Config, slotNames } from '../config';
import type { NodeRole } from '../contract';

/** Where a node slot lives: fixed for ever, because workers know their managers by address alone. */
export interface SlotPlace {
  /** `manager-1`, `worker-2`. */
  readonly slot: string;
  readonly role: NodeRole;
  readonly subnet: ec2.ISubnet;
  readonly availabilityZone: string;
  /** Primary private address of the slot's network interface. */
  readonly address: string;
}

export interface NetworkStackProps extends StackProps {
  readonly config: Config;
}

/** First host offset that slots use; AWS keeps the first four addresses of a subnet, CDK's load balancers take any. */
const FIRST_SLOT_OFFSET = 10;

/** VPC with one public and one private subnet in each zone; nodes are in the private ones and go out through NAT. */
export class NetworkStack extends Stack {
  readonly vpc: ec2.Vpc;
  readonly places: readonly SlotPlace[];

  private readonly zones: string[];

  /** The configured zones; CDK would look up the account's, which needs credentials. */
  override get availabilityZones(): string[] {
    return this.zones;
  }

  constructor(scope: Construct, id: string, props: NetworkStackProps) {
    super(scope, id, props);
    const { config } = props;
    // Named, not looked up: a slot never moves to another zone by itself.
    this.zones = config.availabilityZones.map((letter) => `${config.region}${letter}`);
    this.vpc = new ec2.Vpc(this, 'Vpc', {
      ipAddresses: ec2.IpAddresses.cidr(config.vpcCidr),
      availabilityZones: this.zones,
      natGateways: config.natGateways,
      subnetConfiguration: [
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: 'private', subnetType: ec2.SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
      ],
    });
    this.places = placeSlots(config, this.vpc.privateSubnets);
  }
}

/** Spreads the slots over the subnets in turn. A slot's place depends on its own name only, so adding one moves none. */
export function placeSlots(config: Pick<Config, 'managers' | 'workers'>, subnets: readonly ec2.ISubnet[]): SlotPlace[] {
  return slotNames(config).map((slot) => {
    const [role, ordinal] = [slot.split('-')[0] as NodeRole, Number(slot.split('-')[1])];
    // Workers start one zone after the managers, so that a small cluster uses every zone.
    const turn = role === 'manager' ? ordinal - 1 : ordinal;
    const subnet = subnets[turn % subnets.length] as ec2.ISubnet;
    const offset = FIRST_SLOT_OFFSET + (role === 'manager' ? 0 : 10) + ordinal;
    return {
      slot,
      role,
      subnet,
      availabilityZone: subnet.availabilityZone,
      address: addressAt(subnet.ipv4CidrBlock, offset),
    };
  });
}

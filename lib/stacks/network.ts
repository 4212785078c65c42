import { Stack, type StackProps } from 'aws-cdk-lib';
import type * as ec2 from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import { addressAt } from '../cidr';
import type { Config } from '../config';
import { addFlowLog } from '../constructs/flow-log';
import { existingVpc, newVpc } from '../constructs/slot-vpc';
import { seatOf, slotNames } from '../slots';
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

/** A VPC, or one that exists already: a subnet for slots in each zone, their way out, and flow logs where configured. */
export class NetworkStack extends Stack {
  readonly vpc: ec2.IVpc;
  /** Of NAT instances, if there are any. */
  readonly natGroup?: ec2.ISecurityGroup;
  readonly places: readonly SlotPlace[];
  /** Of the slots, in the order of the zones. */
  readonly slotSubnets: readonly ec2.ISubnet[];

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
    const { vpc, subnets, natGroup } = (config.vpcId === 'none' ? newVpc : existingVpc)(this, config, this.zones);
    this.vpc = vpc;
    this.natGroup = natGroup;
    if (config.flowLogs !== 'none') addFlowLog(this, config, vpc);
    this.slotSubnets = subnets;
    this.places = placeSlots(config, subnets);
  }
}

/** Spreads the slots over the subnets in turn. */
export function placeSlots(config: Pick<Config, 'managers' | 'workers'>, subnets: readonly ec2.ISubnet[]): SlotPlace[] {
  return slotNames(config).map((slot) => {
    const { role, subnetIndex, hostOffset } = seatOf(slot, subnets.length);
    const subnet = subnets[subnetIndex] as ec2.ISubnet;
    return {
      slot,
      role,
      subnet,
      availabilityZone: subnet.availabilityZone,
      address: addressAt(subnet.ipv4CidrBlock, hostOffset),
    };
  });
}

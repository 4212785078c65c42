/** What a deployment with this configuration needs of an account. Pure. */
import type { Config } from '../config';
import { addressAt } from '../cidr';
import { EXTERNAL_SECRETS, type ExternalSecretId } from '../contract';
import { stackSecrets } from '../engines';
import { LOAD_BALANCER_HOST_OFFSET, seatOf, slotNames } from '../slots';
import type { NeededVpc } from './existing-vpc';

export interface Needs {
  readonly account: string;
  readonly region: string;
  readonly stage: string;
  readonly isLab: boolean;
  /** Full names, `eu-west-1a`. */
  readonly zones: readonly string[];
  readonly instanceType: string;
  /** Nodes, of `instanceType`. */
  readonly instances: number;
  readonly natInstances: number;
  /** One Elastic IP address for each NAT gateway; NAT instances take theirs from Amazon's pool. */
  readonly addresses: number;
  readonly vpcs: number;
  readonly existingVpc: NeededVpc | undefined;
  /** Secrets with the logins of engines of somebody else, which nobody but their owner makes. */
  readonly externalLogins: readonly ExternalSecretId[];
  /** As given or pinned; undefined while nothing is pinned for the region. */
  readonly imageId: string | undefined;
}

export const needsOf = (config: Config, imageId: string | undefined): Needs => ({
  account: config.account,
  region: config.region,
  stage: config.stage,
  isLab: config.isLab,
  zones: config.availabilityZones.map((letter) => `${config.region}${letter}`),
  instanceType: config.instanceType,
  instances: slotNames(config).length,
  natInstances: config.egress === 'nat-instance' ? config.egressZones : 0,
  addresses: config.egress === 'nat-gateway' ? config.egressZones : 0,
  vpcs: config.vpcId === 'none' ? 1 : 0,
  existingVpc: existingVpcOf(config),
  externalLogins: (Object.keys(EXTERNAL_SECRETS) as ExternalSecretId[]).filter((id) =>
    stackSecrets(config).some(({ name }) => name === id),
  ),
  imageId,
});

function existingVpcOf(config: Config): NeededVpc | undefined {
  if (config.vpcId === 'none') return undefined;
  const seats = slotNames(config).map((slot) => seatOf(slot, config.vpcSubnets.length));
  return {
    id: config.vpcId,
    cidr: config.vpcCidr,
    subnets: config.vpcSubnets.map(({ id, cidr }, index) => ({
      id,
      cidr,
      zone: `${config.region}${config.availabilityZones[index]}`,
      addresses: [
        ...(config.loadBalancer === 'internal' ? [LOAD_BALANCER_HOST_OFFSET] : []),
        ...seats.filter(({ subnetIndex }) => subnetIndex === index).map(({ hostOffset }) => hostOffset),
      ].map((offset) => addressAt(cidr, offset)),
    })),
  };
}

/** What a deployment with this configuration needs of an account. Pure. */
import { type Config, slotNames } from '../config';

export interface Needs {
  readonly account: string;
  readonly region: string;
  readonly stage: string;
  readonly isLab: boolean;
  /** Full names, `eu-west-1a`. */
  readonly zones: readonly string[];
  readonly instanceType: string;
  readonly instances: number;
  /** One Elastic IP address for each NAT gateway. */
  readonly addresses: number;
  readonly vpcs: number;
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
  addresses: config.natGateways,
  vpcs: 1,
  imageId,
});

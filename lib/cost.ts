/** What a deployment costs while it runs, at list prices. Pure. */
import type { Config } from './config';
import { ENDPOINT_APIS, FILE_SYSTEMS, NAT_INSTANCE } from './contract';
import { slotNames } from './slots';

/**
 * Public on-demand list prices of us-east-1 in US dollars, as they were known when noted; they change, and most other
 * regions are dearer. One home: docs/aws.md shows the same figures, held by a test.
 */
export const PRICES = {
  readIn: 'November 2026',
  region: 'us-east-1',
  /** What is smaller does not hold the services. [EC2 on-demand pricing, Linux] */
  instanceHour: {
    't3.medium': 0.0416,
    't3.large': 0.0832,
    't3.xlarge': 0.1664,
  } as Readonly<Record<string, number>>,
  gp3GibMonth: 0.08,
  natGatewayHour: 0.045,
  natGatewayGb: 0.045,
  publicAddressHour: 0.005,
  t3MicroHour: 0.0104,
  interfaceEndpointHour: 0.01,
  interfaceEndpointGb: 0.01,
  networkLoadBalancerHour: 0.0225,
  secretMonth: 0.4,
  metricMonth: 0.3,
  alarmMonth: 0.1,
  snapshotGbMonth: 0.05,
} as const;

export const HOURS_A_MONTH = 730;
const ROOT_VOLUME_GIB = 10;
const SECRETS_COUNT = 3;

export interface CostLine {
  readonly what: string;
  readonly dollarsPerHour: number;
}

/** Undefined for an instance type whose price is not known here. */
export function costPerHour(config: Config): CostLine[] | undefined {
  const instanceHour = PRICES.instanceHour[config.instanceType];
  if (instanceHour === undefined) return undefined;
  const nodes = slotNames(config).length;
  const disks = nodes * FILE_SYSTEMS.length;
  const gib = nodes * (config.dataVolumeGiB + ROOT_VOLUME_GIB);
  return [
    { what: `${nodes} × ${config.instanceType}`, dollarsPerHour: nodes * instanceHour },
    { what: `${gib} GiB of gp3`, dollarsPerHour: (gib * PRICES.gp3GibMonth) / HOURS_A_MONTH },
    ...wayOut(config),
    ...balancer(config),
    {
      what: `${disks} metrics of disks, each with an alarm`,
      dollarsPerHour: (disks * (PRICES.metricMonth + PRICES.alarmMonth)) / HOURS_A_MONTH,
    },
    { what: `${SECRETS_COUNT} secrets`, dollarsPerHour: (SECRETS_COUNT * PRICES.secretMonth) / HOURS_A_MONTH },
  ];
}

/** Without traffic. What an existing VPC costs is not this deployment's. */
function wayOut({ egress, egressZones }: Config): CostLine[] {
  switch (egress) {
    case 'nat-gateway':
      return [
        {
          what: `${egressZones} × NAT gateway with its address, without traffic`,
          dollarsPerHour: egressZones * (PRICES.natGatewayHour + PRICES.publicAddressHour),
        },
      ];
    case 'nat-instance':
      return [
        {
          what: `${egressZones} × ${NAT_INSTANCE.type} with its address and disk`,
          dollarsPerHour:
            egressZones *
            (PRICES.t3MicroHour +
              PRICES.publicAddressHour +
              (NAT_INSTANCE.rootVolumeGiB * PRICES.gp3GibMonth) / HOURS_A_MONTH),
        },
      ];
    case 'endpoints': {
      const count = egressZones * ENDPOINT_APIS.length;
      return [
        {
          what: `${count} × interface endpoint, without traffic`,
          dollarsPerHour: count * PRICES.interfaceEndpointHour,
        },
      ];
    }
    case 'existing':
      return [];
  }
}

/** Without traffic. A public one has an address in each zone. */
function balancer({ loadBalancer, availabilityZones }: Config): CostLine[] {
  if (loadBalancer === 'none') return [];
  const addresses = loadBalancer === 'public' ? availabilityZones.length : 0;
  return [
    {
      what: `network load balancer${addresses ? ` with ${addresses} addresses` : ''}, without traffic`,
      dollarsPerHour: PRICES.networkLoadBalancerHour + addresses * PRICES.publicAddressHour,
    },
  ];
}

export const totalOf = (lines: readonly CostLine[]): number =>
  lines.reduce((sum, { dollarsPerHour }) => sum + dollarsPerHour, 0);

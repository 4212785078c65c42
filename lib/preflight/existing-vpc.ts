/** An existing VPC: whether it is as the configuration says, has room for the slots and a way out for them. Pure. */
import { ENDPOINT_APIS } from '../contract';
import type { Fact } from './fact';
import { judge, type Finding } from './finding';

/** What a deployment into an existing VPC needs of it. */
export interface NeededVpc {
  readonly id: string;
  readonly cidr: string;
  readonly subnets: readonly NeededSubnet[];
}

export interface NeededSubnet {
  readonly id: string;
  readonly cidr: string;
  /** Full name, `eu-west-1a`. */
  readonly zone: string;
  /** Of the slots in it, and of the load balancer. */
  readonly addresses: readonly string[];
}

export interface SubnetFacts {
  readonly id: string;
  readonly vpcId: string;
  readonly cidr: string;
  readonly zone: string;
}

export interface InterfaceFacts {
  readonly id: string;
  readonly subnetId: string;
  readonly address: string;
  readonly description: string;
}

export interface RouteTableFacts {
  readonly isMain: boolean;
  readonly subnetIds: readonly string[];
  /** What the active route to 0.0.0.0/0 leads to: `nat-…`, `igw-…`, `tgw-…`, `eni-…`. */
  readonly wayOut: string | undefined;
}

export interface ExistingVpcFacts {
  /** The ranges of the VPC; empty where there is none with that id. */
  readonly cidrs: Fact<readonly string[]>;
  readonly subnets: Fact<readonly SubnetFacts[]>;
  readonly interfaces: Fact<readonly InterfaceFacts[]>;
  readonly routeTables: Fact<readonly RouteTableFacts[]>;
  /** Last parts of the names of the services that have an endpoint: `ecr.api`, `s3`. */
  readonly endpoints: Fact<readonly string[]>;
}

export const checkExistingVpc = (facts: ExistingVpcFacts, vpc: NeededVpc, stage: string): Finding[] => [
  checkVpc(facts, vpc),
  checkSubnets(facts, vpc),
  checkAddresses(facts, vpc, stage),
  checkWayOut(facts, vpc),
];

const checkVpc = ({ cidrs }: ExistingVpcFacts, { id, cidr }: NeededVpc): Finding =>
  judge('existing VPC', `${id} with ${cidr}`, cidrs, (found) => {
    if (found.length === 0) return { verdict: 'fails', measured: `there is no ${id}`, next: ['correct vpcId'] };
    return found.includes(cidr)
      ? { verdict: 'ok', measured: found.join(', ') }
      : { verdict: 'fails', measured: `it has ${found.join(', ')}`, next: [`set vpcCidr=${found[0]}`] };
  });

const checkSubnets = ({ subnets }: ExistingVpcFacts, vpc: NeededVpc): Finding =>
  judge(
    'its subnets',
    vpc.subnets.map(({ id, cidr, zone }) => `${id} (${cidr}, ${zone})`).join(', '),
    subnets,
    (all) => {
      const problems = vpc.subnets.flatMap((wanted) => {
        const found = all.find(({ id }) => id === wanted.id);
        if (!found) return [`there is no ${wanted.id}`];
        if (found.vpcId !== vpc.id) return [`${wanted.id} is in ${found.vpcId}`];
        if (found.zone !== wanted.zone) return [`${wanted.id} is in ${found.zone}`];
        return found.cidr === wanted.cidr ? [] : [`${wanted.id} has ${found.cidr}`];
      });
      return problems.length === 0
        ? { verdict: 'ok', measured: 'all as configured' }
        : { verdict: 'fails', measured: problems.join('; '), next: ['correct vpcSubnets, or availabilityZones'] };
    },
  );

/** As their descriptions begin: the slots' say so themselves, a load balancer's names it. */
const isOwn = (description: string, stage: string): boolean =>
  description.startsWith(`metals-${stage}-`) || description.startsWith(`ELB net/metals-${stage}-`);

/** What is the stage's own is there after the first deployment. */
const checkAddresses = ({ interfaces }: ExistingVpcFacts, vpc: NeededVpc, stage: string): Finding => {
  const wanted = vpc.subnets.flatMap(({ id, addresses }) => addresses.map((address) => `${id}/${address}`));
  const addresses = vpc.subnets.flatMap((subnet) => subnet.addresses);
  return judge('addresses of the slots', addresses.join(', '), interfaces, (all) => {
    const taken = all.filter(
      ({ subnetId, address, description }) => wanted.includes(`${subnetId}/${address}`) && !isOwn(description, stage),
    );
    if (taken.length === 0) return { verdict: 'ok', measured: 'free, or the slots’ own' };
    const list = taken.map(
      ({ address, id, description }) => `${address} is ${id} (${description || 'no description'})`,
    );
    return { verdict: 'fails', measured: list.join('; '), next: ['free these addresses, or name other subnets'] };
  });
};

function checkWayOut({ routeTables, endpoints }: ExistingVpcFacts, vpc: NeededVpc): Finding {
  const needed = 'a route to 0.0.0.0/0 by NAT, or endpoints of every API';
  return judge('way out of its subnets', needed, routeTables, (tables) => {
    const ways = vpc.subnets.map(({ id }) => ({ id, wayOut: wayOutOf(id, tables) }));
    const without = ways.filter(({ wayOut }) => wayOut === undefined || wayOut.startsWith('igw-'));
    if (without.length === 0) return { verdict: 'ok', measured: ways.map(({ wayOut }) => wayOut).join(', ') };
    if (endpoints.kind !== 'known') {
      const why = endpoints.kind === 'refused' ? `these credentials lack ${endpoints.action}` : endpoints.reason;
      return { verdict: 'unknown', measured: `no route by NAT from ${without[0]!.id}; endpoints not known: ${why}` };
    }
    const missing = ['s3', ...ENDPOINT_APIS].filter((api) => !endpoints.value.includes(api));
    if (missing.length === 0) return { verdict: 'ok', measured: 'endpoints of every API' };
    const from = without.map(({ id, wayOut }) => (wayOut ? `${id} has ${wayOut}, and nodes no public address` : id));
    return {
      verdict: 'fails',
      measured: `no way out from ${from.join(', ')}; no endpoint of ${missing.join(', ')}`,
      next: ['give its route tables a NAT gateway, or add these endpoints with private DNS names'],
    };
  });
}

const wayOutOf = (subnetId: string, tables: readonly RouteTableFacts[]): string | undefined =>
  (tables.find(({ subnetIds }) => subnetIds.includes(subnetId)) ?? tables.find(({ isMain }) => isMain))?.wayOut;

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
  readonly id: string;
  readonly isMain: boolean;
  readonly subnetIds: readonly string[];
  /** What the active route to 0.0.0.0/0 leads to: `nat-…`, `igw-…`, `tgw-…`, `eni-…`. */
  readonly wayOut: string | undefined;
  /** Some route leads to a transit gateway, behind which there may be endpoints that the VPC shares with others. */
  readonly hasTransit: boolean;
}

export interface EndpointFacts {
  /** Last parts of the service's name: `ecr.api`, `s3`. */
  readonly api: string;
  readonly isGateway: boolean;
  /** Of a gateway endpoint. */
  readonly routeTableIds: readonly string[];
  /** Of an interface endpoint: it answers to the API's own name. */
  readonly hasPrivateDns: boolean;
}

export interface ExistingVpcFacts {
  /** The ranges of the VPC; empty where there is none with that id. */
  readonly cidrs: Fact<readonly string[]>;
  readonly subnets: Fact<readonly SubnetFacts[]>;
  readonly interfaces: Fact<readonly InterfaceFacts[]>;
  readonly routeTables: Fact<readonly RouteTableFacts[]>;
  readonly endpoints: Fact<readonly EndpointFacts[]>;
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
  new RegExp(`^metals-${stage}-(manager|worker)-[0-9]+:|^ELB net/metals-${stage}-(internal|public)/`).test(description);

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
    const ways = vpc.subnets.map(({ id }) => ({ id, table: tableOf(id, tables) }));
    const without = ways.filter(({ table }) => !table?.wayOut || table.wayOut.startsWith('igw-'));
    if (without.length === 0) return { verdict: 'ok', measured: ways.map(({ table }) => table?.wayOut).join(', ') };
    if (endpoints.kind !== 'known') {
      const why = endpoints.kind === 'refused' ? `these credentials lack ${endpoints.action}` : endpoints.reason;
      return { verdict: 'unknown', measured: `no route by NAT from ${without[0]!.id}; endpoints not known: ${why}` };
    }
    const missing = missingEndpoints(
      endpoints.value,
      without.map(({ table }) => table?.id ?? ''),
    );
    if (missing.length === 0) return { verdict: 'ok', measured: 'endpoints of every API' };
    const from = without.map(({ id, table }) =>
      table?.wayOut ? `${id} has ${table.wayOut}, and nodes no public address` : id,
    );
    const measured = `no way out from ${from.join(', ')}; no endpoint of ${missing.join(', ')}`;
    if (without.every(({ table }) => table?.hasTransit)) {
      return { verdict: 'unknown', measured: `${measured}; whether a transit gateway leads to some is not known` };
    }
    return {
      verdict: 'fails',
      measured,
      next: [
        'give its route tables a NAT gateway, or add these endpoints: of s3 a gateway in each of its route tables, of the ' +
          'others interfaces with private DNS names',
      ],
    };
  });
}

const tableOf = (subnetId: string, tables: readonly RouteTableFacts[]): RouteTableFacts | undefined =>
  tables.find(({ subnetIds }) => subnetIds.includes(subnetId)) ?? tables.find(({ isMain }) => isMain);

/** Amazon Linux asks its repositories in S3 by names that an interface endpoint does not answer to. */
function missingEndpoints(endpoints: readonly EndpointFacts[], tableIds: readonly string[]): string[] {
  const gateways = endpoints.filter(({ api, isGateway }) => api === 's3' && isGateway);
  const hasS3 = tableIds.every((id) => gateways.some(({ routeTableIds }) => routeTableIds.includes(id)));
  const named = endpoints.filter(({ hasPrivateDns }) => hasPrivateDns).map(({ api }) => api);
  return [...(hasS3 ? [] : ['s3']), ...ENDPOINT_APIS.filter((api) => !named.includes(api))];
}

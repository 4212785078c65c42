/** Reads what existing-vpc.ts judges. */
import {
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
  type EC2Client,
  type Filter,
  type Route,
} from '@aws-sdk/client-ec2';
import type {
  EndpointFacts,
  ExistingVpcFacts,
  InterfaceFacts,
  NeededVpc,
  RouteTableFacts,
  SubnetFacts,
} from '../existing-vpc';
import type { Ask } from '../fact';
import type { Clients } from './clients';

export async function readExistingVpc({ ec2 }: Clients, vpc: NeededVpc, ask: Ask): Promise<ExistingVpcFacts> {
  const inVpc: Filter[] = [{ Name: 'vpc-id', Values: [vpc.id] }];
  const [cidrs, subnets, interfaces, routeTables, endpoints] = await Promise.all([
    ask('ec2:DescribeVpcs', () => readCidrs(ec2, inVpc)),
    ask('ec2:DescribeSubnets', () => readSubnets(ec2, vpc)),
    ask('ec2:DescribeNetworkInterfaces', () => readInterfaces(ec2, vpc)),
    ask('ec2:DescribeRouteTables', () => readRouteTables(ec2, inVpc)),
    ask('ec2:DescribeVpcEndpoints', () => readEndpoints(ec2, inVpc)),
  ]);
  return { cidrs, subnets, interfaces, routeTables, endpoints };
}

// By filters: an id that does not exist is an error otherwise.
async function readCidrs(ec2: EC2Client, Filters: Filter[]): Promise<string[]> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters }));
  return Vpcs.flatMap(({ CidrBlockAssociationSet = [] }) => CidrBlockAssociationSet)
    .filter(({ CidrBlockState }) => CidrBlockState?.State === 'associated')
    .map(({ CidrBlock = '' }) => CidrBlock);
}

async function readSubnets(ec2: EC2Client, { subnets }: NeededVpc): Promise<SubnetFacts[]> {
  const Filters = [{ Name: 'subnet-id', Values: subnets.map(({ id }) => id) }];
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters }));
  return Subnets.map(({ SubnetId = '', VpcId = '', CidrBlock = '', AvailabilityZone = '' }) => ({
    id: SubnetId,
    vpcId: VpcId,
    cidr: CidrBlock,
    zone: AvailabilityZone,
  }));
}

async function readInterfaces(ec2: EC2Client, { subnets }: NeededVpc): Promise<InterfaceFacts[]> {
  const Filters = [
    { Name: 'subnet-id', Values: subnets.map(({ id }) => id) },
    { Name: 'addresses.private-ip-address', Values: subnets.flatMap(({ addresses }) => addresses) },
  ];
  const { NetworkInterfaces = [] } = await ec2.send(new DescribeNetworkInterfacesCommand({ Filters }));
  return NetworkInterfaces.flatMap(
    ({ NetworkInterfaceId = '', SubnetId = '', Description = '', PrivateIpAddresses = [] }) =>
      PrivateIpAddresses.map(({ PrivateIpAddress = '' }) => ({
        id: NetworkInterfaceId,
        subnetId: SubnetId,
        address: PrivateIpAddress,
        description: Description,
      })),
  );
}

async function readRouteTables(ec2: EC2Client, Filters: Filter[]): Promise<RouteTableFacts[]> {
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  return RouteTables.map(({ RouteTableId = '', Associations = [], Routes = [] }) => ({
    id: RouteTableId,
    isMain: Associations.some(({ Main }) => Main),
    subnetIds: Associations.flatMap(({ SubnetId }) => (SubnetId ? [SubnetId] : [])),
    wayOut: targetOf(
      Routes.find(({ DestinationCidrBlock, State }) => DestinationCidrBlock === '0.0.0.0/0' && State === 'active'),
    ),
    hasTransit: Routes.some(({ TransitGatewayId, CoreNetworkArn }) => TransitGatewayId ?? CoreNetworkArn),
  }));
}

/** A peering connection carries nothing to the internet. */
const targetOf = (route: Route | undefined): string | undefined =>
  route?.NatGatewayId ??
  route?.TransitGatewayId ??
  route?.NetworkInterfaceId ??
  route?.CoreNetworkArn ??
  route?.GatewayId;

async function readEndpoints(ec2: EC2Client, Filters: Filter[]): Promise<EndpointFacts[]> {
  const { VpcEndpoints = [] } = await ec2.send(new DescribeVpcEndpointsCommand({ Filters }));
  return VpcEndpoints.filter(({ State }) => State?.toLowerCase() === 'available').map(
    ({ ServiceName = '', VpcEndpointType, RouteTableIds = [], PrivateDnsEnabled = false }) => ({
      // com.amazonaws.eu-west-1.ecr.api
      api: ServiceName.replace(/^.*?com\.amazonaws\.[^.]+\./, ''),
      isGateway: VpcEndpointType === 'Gateway',
      routeTableIds: RouteTableIds,
      hasPrivateDns: PrivateDnsEnabled,
    }),
  );
}

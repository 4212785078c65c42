import { ENDPOINT_APIS } from '../../../lib/contract';
import {
  checkExistingVpc,
  type EndpointFacts,
  type ExistingVpcFacts,
  type NeededVpc,
} from '../../../lib/preflight/existing-vpc';
import { known, type Fact } from '../../../lib/preflight/fact';

const VPC: NeededVpc = {
  id: 'vpc-1',
  cidr: '10.40.0.0/16',
  subnets: [
    { id: 'subnet-a', cidr: '10.40.3.0/24', zone: 'eu-west-1a', addresses: ['10.40.3.11', '10.40.3.23'] },
    { id: 'subnet-b', cidr: '10.40.4.0/24', zone: 'eu-west-1b', addresses: ['10.40.4.21'] },
  ],
};
const subnet = (id: string, changes: object = {}) => {
  const { cidr, zone } = VPC.subnets.find((one) => one.id === id)!;
  return { id, vpcId: 'vpc-1', cidr, zone, ...changes };
};
const GOOD: ExistingVpcFacts = {
  cidrs: known(['10.40.0.0/16', '100.64.0.0/16']),
  subnets: known([subnet('subnet-a'), subnet('subnet-b')]),
  interfaces: known([]),
  routeTables: known([
    { id: 'rtb-0', isMain: true, subnetIds: [], wayOut: undefined, hasTransit: false },
    { id: 'rtb-1', isMain: false, subnetIds: ['subnet-a', 'subnet-b'], wayOut: 'nat-1', hasTransit: false },
  ]),
  endpoints: known([]),
};
const find = (changes: Partial<ExistingVpcFacts>, check: string) =>
  checkExistingVpc({ ...GOOD, ...changes }, VPC, 'prod').find((finding) => finding.check === check)!;

test('one that is as configured', () => {
  expect(checkExistingVpc(GOOD, VPC, 'prod').map(({ check, verdict }) => `${check}: ${verdict}`)).toEqual([
    'existing VPC: ok',
    'its subnets: ok',
    'addresses of the slots: ok',
    'way out of its subnets: ok',
  ]);
});

test.each([
  [[], 'there is no vpc-1', 'correct vpcId'],
  [['10.0.0.0/16'], 'it has 10.0.0.0/16', 'set vpcCidr=10.0.0.0/16'],
])('a VPC with the ranges %p', (cidrs, measured, next) => {
  expect(find({ cidrs: known(cidrs) }, 'existing VPC')).toMatchObject({ verdict: 'fails', measured, next: [next] });
});

test.each([
  ['is not there', [subnet('subnet-a')], 'there is no subnet-b'],
  ['is elsewhere', [subnet('subnet-a'), subnet('subnet-b', { vpcId: 'vpc-2' })], 'subnet-b is in vpc-2'],
  ['is in another zone', [subnet('subnet-a', { zone: 'eu-west-1c' }), subnet('subnet-b')], 'subnet-a is in eu-west-1c'],
  [
    'has another range',
    [subnet('subnet-a', { cidr: '10.40.9.0/24' }), subnet('subnet-b')],
    'subnet-a has 10.40.9.0/24',
  ],
])('a subnet that %s', (_, subnets, measured) => {
  expect(find({ subnets: known(subnets) }, 'its subnets')).toMatchObject({ verdict: 'fails', measured });
});

describe('an address of a slot', () => {
  const holder = (changes: object) =>
    known([{ id: 'eni-1', subnetId: 'subnet-a', address: '10.40.3.11', description: 'a database', ...changes }]);
  const check = 'addresses of the slots';

  test('that somebody else has, another stage included', () => {
    const finding = find({ interfaces: holder({}) }, check);
    expect(finding).toMatchObject({ verdict: 'fails', measured: '10.40.3.11 is eni-1 (a database)' });
    const description = "metals-prod-2-manager-1: the slot's fixed address";
    expect(find({ interfaces: holder({ description }) }, check).verdict).toBe('fails');
  });

  test('that the slot or the load balancer has, or that is of another subnet', () => {
    for (const changes of [
      { description: "metals-prod-manager-1: the slot's fixed address" },
      { description: 'ELB net/metals-prod-internal/0123456789abcdef' },
      { subnetId: 'subnet-b' },
    ])
      expect(find({ interfaces: holder(changes) }, check).verdict).toBe('ok');
  });
});

describe('the way out', () => {
  const check = 'way out of its subnets';
  const tables = (wayOut: string | undefined, hasTransit = false) =>
    known([{ id: 'rtb-0', isMain: true, subnetIds: [], wayOut, hasTransit }]);
  const gateway = { api: 's3', isGateway: true, routeTableIds: ['rtb-0'], hasPrivateDns: false };
  const endpointOf = (api: string): EndpointFacts => ({
    api,
    isGateway: false,
    routeTableIds: [],
    hasPrivateDns: true,
  });
  const all = [gateway, ...ENDPOINT_APIS.map(endpointOf)];
  const without = (changed: readonly EndpointFacts[], routeTables = tables(undefined)) =>
    find({ routeTables, endpoints: known(changed) }, check);

  test('by the main route table, where a subnet has none of its own', () => {
    expect(find({ routeTables: tables('tgw-1', true) }, check)).toMatchObject({
      verdict: 'ok',
      measured: 'tgw-1, tgw-1',
    });
  });

  test('by endpoints', () => {
    expect(without(all)).toMatchObject({ verdict: 'ok', measured: 'endpoints of every API' });
  });

  test('that is an internet gateway is none for nodes, and endpoints that are missing are named', () => {
    const { verdict, measured } = without(
      all.filter(({ api }) => !api.startsWith('ecr')),
      tables('igw-1'),
    );
    expect(verdict).toBe('fails');
    expect(measured).toMatch(/^no way out from subnet-a has igw-1.*; no endpoint of ecr\.api, ecr\.dkr$/);
  });

  test.each([
    ['of S3 that is an interface', { ...gateway, isGateway: false, hasPrivateDns: true }, 's3'],
    ['of S3 in other route tables', { ...gateway, routeTableIds: ['rtb-9'] }, 's3'],
    ['without private DNS names', { ...endpointOf('ssm'), hasPrivateDns: false }, 'ssm'],
  ])('an endpoint %s is none', (_, changed, api) => {
    const others = all.filter((one) => one.api !== api);
    expect(without([...others, changed]).measured).toMatch(new RegExp(`; no endpoint of ${api}$`));
  });

  test('is not guessed where a transit gateway may lead to endpoints', () => {
    expect(without([], tables(undefined, true))).toMatchObject({
      verdict: 'unknown',
      measured: expect.stringMatching(/whether a transit gateway leads to some is not known$/),
    });
  });

  test('is not guessed where endpoints may not be read', () => {
    const endpoints: Fact<never> = { kind: 'refused', action: 'ec2:DescribeVpcEndpoints' };
    expect(find({ routeTables: tables(undefined), endpoints }, check)).toMatchObject({
      verdict: 'unknown',
      measured: expect.stringContaining('ec2:DescribeVpcEndpoints'),
    });
  });
});

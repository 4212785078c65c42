import { addressAt, cidrProblem, overlapProblems, overlaps } from '../../lib/cidr';

describe('cidrProblem', () => {
  it.each([
    ['', 'is not an IPv4 range such as 10.40.0.0/16'],
    ['10.40.0.0', 'is not an IPv4 range such as 10.40.0.0/16'],
    ['10.40.0.0/33', 'is not an IPv4 range such as 10.40.0.0/16'],
    ['10.40.0.256/16', 'is not an IPv4 range such as 10.40.0.0/16'],
    ['fd00::/16', 'is not an IPv4 range such as 10.40.0.0/16'],
    ['10.40.1.0/16', 'has host bits set; did you mean 10.40.0.0/16?'],
    ['10.0.0.0/8', 'must be between /16 and /20'],
    ['10.40.0.0/24', 'must be between /16 and /20'],
  ])('says what is wrong with "%s"', (cidr, problem) => {
    expect(cidrProblem(cidr, 16, 20)).toBe(problem);
  });

  it('accepts a range within the limits', () => {
    expect(cidrProblem('10.40.0.0/16', 16, 20)).toBeUndefined();
  });
});

describe('overlaps', () => {
  it.each([
    ['10.0.0.0/16', '10.0.1.0/24', true],
    ['10.0.1.0/24', '10.0.0.0/16', true],
    ['10.0.0.0/24', '10.0.1.0/24', false],
    ['10.10.0.0/23', '10.10.1.0/24', true],
    ['0.0.0.0/0', '192.168.0.0/16', true],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(overlaps(a, b)).toBe(expected);
  });
});

it('names both ranges of every overlapping pair', () => {
  const problems = overlapProblems([
    { name: 'vpcCidr', cidr: '10.0.0.0/16' },
    { name: 'frontendCidr', cidr: '10.0.1.0/24' },
    { name: 'backendCidr', cidr: '10.1.0.0/24' },
  ]);
  expect(problems).toEqual([
    'vpcCidr 10.0.0.0/16 overlaps frontendCidr 10.0.1.0/24; choose ranges that share no address',
  ]);
});

it.each([
  ['10.40.3.0/24', 11, '10.40.3.11'],
  ['10.40.0.0/16', 256, '10.40.1.0'],
  ['192.168.255.0/24', 0, '192.168.255.0'],
])('addressAt(%s, %d) is %s', (cidr, offset, address) => {
  expect(addressAt(cidr, offset)).toBe(address);
});

import { readConfig } from '../../lib/config';
import { ConfigError } from '../../lib/config-error';
import { CERTIFICATE, EXISTING } from '../../scripts/option-sets';

const AWS = { account: '123456789012', region: 'eu-west-1', amiId: 'ami-0123456789abcdef0' };
const LAB = { account: '000000000000', region: 'eu-west-1' };

function problemsOf(context: Record<string, unknown>) {
  try {
    readConfig({ ...AWS, ...context }, {});
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).problems;
  }
  throw new Error('the configuration was accepted');
}

describe('the way out', () => {
  it('is a NAT gateway, or in an existing VPC what its routes say', () => {
    expect(readConfig(AWS, {}).egress).toBe('nat-gateway');
    expect(readConfig({ ...AWS, ...EXISTING }, {})).toMatchObject({
      egress: 'existing',
      vpcSubnets: [
        { id: 'subnet-0123456a', cidr: '10.40.3.0/24' },
        { id: 'subnet-0123456b', cidr: '10.40.4.0/24' },
        { id: 'subnet-0123456c', cidr: '10.40.5.0/24' },
      ],
    });
  });

  it.each([
    [{ egress: 'existing' }, /^egress: got "existing", which is for an existing VPC/],
    [{ ...EXISTING, egress: 'nat-gateway' }, /^egress: got "nat-gateway", but the routes of vpc-0123456789abcdef0/],
    [{ egressZones: 4 }, /^egressZones: got 4, expected at most one/],
    [{ ...LAB, egress: 'endpoints' }, /^vpcId, egress: the lab has a VPC of its own/],
    [{ ...LAB, ...EXISTING }, /^vpcId, egress: the lab has a VPC of its own/],
  ])('is refused where it contradicts the VPC: %p', (context, problem) => {
    expect(problemsOf(context)).toEqual([expect.stringMatching(problem)]);
  });
});

it('a VPC of its own needs room for a public and a private /24 in each zone, and an existing one may be small', () => {
  expect(problemsOf({ vpcCidr: '10.40.0.0/22' })).toEqual([
    'vpcCidr: got 10.40.0.0/22, but a VPC of its own needs a range between /16 and /20',
  ]);
  const small = { vpcId: EXISTING.vpcId, vpcCidr: '10.40.3.0/24', availabilityZones: 'a' };
  expect(readConfig({ ...AWS, ...small, vpcSubnets: 'subnet-0123456a=10.40.3.64/26' }, {}).vpcCidr).toBe(
    '10.40.3.0/24',
  );
});

describe('an existing VPC', () => {
  it('needs a subnet for each zone, within its range, which share no address', () => {
    expect(problemsOf({ vpcId: EXISTING.vpcId })).toEqual([
      'vpcSubnets: got 0, expected one for each of availabilityZones a,b,c',
    ]);
    const [first] = EXISTING.vpcSubnets.split(',');
    expect(
      problemsOf({ ...EXISTING, vpcSubnets: `${first},subnet-0123456b=10.41.4.0/24,subnet-0123456c=10.40.3.0/25` }),
    ).toEqual([
      'vpcSubnets: subnet-0123456b has 10.41.4.0/24, which is not in vpcCidr 10.40.0.0/16',
      'vpcSubnets subnet-0123456a 10.40.3.0/24 overlaps vpcSubnets subnet-0123456c 10.40.3.0/25; choose ranges that share no address',
    ]);
  });

  it('is what subnets are for', () => {
    expect(problemsOf({ vpcSubnets: EXISTING.vpcSubnets })).toEqual([
      'vpcSubnets: these are subnets of an existing VPC; set vpcId as well',
    ]);
  });

  it.each([
    'subnet-1',
    'subnet-0123456a=10.40.3.0',
    'subnet-0123456a=10.40.3.0/28',
    'subnet-0123456a=10.40.3.1/24',
    '',
  ])('has no subnet %p', (vpcSubnets) => {
    expect(problemsOf({ ...EXISTING, vpcSubnets })[0]).toMatch(/^vpcSubnets: got .*, expected a subnet for each/);
  });
});

describe('a load balancer', () => {
  const other = CERTIFICATE.replace('eu-west-1', 'us-east-1');
  const foreign = CERTIFICATE.replace('123456789012', '210987654321');
  const everybody = { loadBalancerCertificateArn: CERTIFICATE, loadBalancerCidrs: '0.0.0.0/0' };

  it.each([
    [{ loadBalancer: 'public' }, [/^loadBalancer: a public one speaks TLS only/, /^loadBalancer: say who may connect/]],
    [{ loadBalancer: 'public', ...everybody, egress: 'endpoints' }, [/needs the public subnets/]],
    [{ loadBalancer: 'public', ...everybody, ...EXISTING }, [/needs the public subnets/]],
    [{ loadBalancer: 'internal', loadBalancerCertificateArn: other }, [/got a certificate of us-east-1/]],
    [{ loadBalancer: 'internal', loadBalancerCertificateArn: foreign }, [/and account 210987654321, expected one of/]],
    [{ loadBalancerCidrs: '10.0.0.0/8' }, [/there is no load balancer/]],
    [{ ...LAB, loadBalancer: 'public', ...everybody }, [/the lab has no certificates/]],
    [{ ...LAB, loadBalancer: 'internal', loadBalancerCertificateArn: CERTIFICATE }, [/the lab has no certificates/]],
  ])('is refused: %p', (context, problems) => {
    expect(problemsOf(context)).toEqual(problems.map((problem) => expect.stringMatching(problem)));
  });

  it('is accepted for everybody only if that is said', () => {
    expect(readConfig({ ...AWS, loadBalancer: 'public', ...everybody }, {}).loadBalancerCidrs).toEqual(['0.0.0.0/0']);
    expect(problemsOf({ loadBalancer: 'internal', loadBalancerCidrs: '10.0.0.1/8' })[0]).toContain(
      'has 10.0.0.1/8, which has host bits set',
    );
  });
});

describe('tags', () => {
  it('are text on a command line, or an object in cdk.json', () => {
    const tags = { team: 'metals', url: 'https://example.org/a=b' };
    expect(readConfig({ ...AWS, tags: 'team=metals, url=https://example.org/a=b' }, {}).tags).toEqual(tags);
    expect(readConfig({ ...AWS, tags }, {}).tags).toEqual(tags);
  });

  it.each([
    'aws:created=1',
    'metals:slot=worker-1',
    'Name=mine',
    '=x',
    'a=<b>',
    'a=',
    'team=a,Team=b',
    Array.from({ length: 31 }, (_, n) => `k${n}=v`).join(','),
  ])('cannot be %p', (tags) => {
    expect(problemsOf({ tags })[0]).toMatch(/^tags: got .*, expected at most 30 tags/);
  });
});

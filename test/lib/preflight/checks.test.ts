import { checkAccount } from '../../../lib/preflight/account';
import { checkCapacity, isStandardFamily, type CapacityFacts } from '../../../lib/preflight/capacity';
import { known, unknown } from '../../../lib/preflight/fact';
import { exitCodeOf, type Finding } from '../../../lib/preflight/finding';
import { checkDocker, checkMachineImage, kernelLineOf } from '../../../lib/preflight/images';
import { checkStorage } from '../../../lib/preflight/storage';
import { NEEDS } from './fixtures';

const CALLER = 'arn:aws:sts::123456789012:assumed-role/Deployer/me';
const account = (changes: object = {}) =>
  checkAccount(
    {
      ...{ caller: CALLER, clockSkewSeconds: known(1), bootstrapVersion: known(28), roles: {} },
      ...{ secretsAsked: known(3), externalLogins: [], ...changes },
    },
    NEEDS,
  );
const find = (findings: readonly Finding[], check: string): Finding => {
  const found = findings.find((finding) => finding.check === check);
  if (!found) throw new Error(`no line ${check} among ${findings.map((finding) => finding.check).join(', ')}`);
  return found;
};

describe('account', () => {
  test.each([
    [-30, 'ok', '30 s behind AWS'],
    [90, 'warning', '90 s ahead of AWS'],
    [-301, 'fails', '301 s behind AWS'],
  ])('a clock that is %d s off', (skew, verdict, measured) => {
    expect(find(account({ clockSkewSeconds: known(skew) }), "this machine's clock")).toMatchObject({
      verdict,
      measured,
    });
  });

  test.each([
    ['absent' as const, 'none in eu-west-1'],
    [5, 'version 5'],
  ])('bootstrap %s fails, with the command', (version, measured) => {
    expect(find(account({ bootstrapVersion: known(version) }), 'cdk bootstrap')).toMatchObject({
      verdict: 'fails',
      measured,
      needed: 'version 6 or newer',
      next: [
        "npm run cdk -- bootstrap --app '' aws://123456789012/eu-west-1    # by somebody who may create IAM roles",
      ],
    });
  });

  test('an external login that is missing fails, with the command that makes it', () => {
    const login = (fact: object) =>
      find(account({ externalLogins: [['kafka-login', fact]] }), 'login of an external engine, kafka-login');
    expect(login(known(true))).toMatchObject({ verdict: 'ok' });
    expect(login(known(false))).toMatchObject({
      verdict: 'fails',
      needed: 'a secret metals/prod/kafka-login',
      next: [
        expect.stringContaining('aws secretsmanager create-secret --region eu-west-1 --name metals/prod/kafka-login'),
      ],
    });
    expect(login({ kind: 'refused', action: 'secretsmanager:DescribeSecret' })).toMatchObject({ verdict: 'refused' });
  });

  test('a role that may not be assumed is named with its ARN', () => {
    const roles = { 'deploy-role': { kind: 'refused' as const, action: 'sts:AssumeRole' } };
    const arn = 'arn:aws:iam::123456789012:role/cdk-hnb659fds-deploy-role-123456789012-eu-west-1';
    expect(find(account({ roles }), 'right to use deploy-role')).toMatchObject({
      verdict: 'refused',
      measured: `these credentials lack sts:AssumeRole on ${arn}`,
      next: [`ask for sts:AssumeRole on ${arn}`],
    });
  });
});

describe('capacity', () => {
  const quota = (limit: number, all: number, own = 0) => ({ limit: known(limit), used: known({ all, own }) });
  const facts: CapacityFacts = {
    zones: known(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']),
    instanceType: known({ vcpus: 2, architectures: ['x86_64'] }),
    offeredIn: known(['eu-west-1a', 'eu-west-1b', 'eu-west-1c']),
    vcpus: quota(6, 0),
    addresses: quota(5, 4),
    vpcs: quota(5, 4),
  };
  const check = (changes: Partial<CapacityFacts> = {}, needs = NEEDS) => checkCapacity({ ...facts, ...changes }, needs);

  test('exactly enough is enough', () => {
    expect(check().map(({ verdict }) => verdict)).toEqual(check().map(() => 'ok'));
  });

  test('one vCPU too few names the quota that is to be asked for', () => {
    expect(find(check({ vcpus: quota(7, 2) }), 'quota: vCPUs')).toEqual({
      check: 'quota: vCPUs',
      verdict: 'fails',
      measured: '2 of 7 used',
      needed: '6 more',
      next: [
        'aws service-quotas request-service-quota-increase --service-code ec2 --quota-code L-1216C47A --desired-value 8',
      ],
    });
  });

  test('what this stage has already is not needed again', () => {
    expect(find(check({ vcpus: quota(6, 6, 6) }), 'quota: vCPUs')).toMatchObject({ verdict: 'ok', needed: '0 more' });
    expect(find(check({ vpcs: quota(5, 5, 1) }), 'quota: VPCs').verdict).toBe('ok');
    expect(find(check({ vpcs: quota(5, 5) }), 'quota: VPCs').verdict).toBe('fails');
    expect(find(check({ addresses: quota(5, 5) }), 'quota: Elastic IP addresses').verdict).toBe('fails');
  });

  test('a zone that the account lacks: those that there are, and the setting', () => {
    const needs = { ...NEEDS, region: 'us-west-1', zones: ['us-west-1a', 'us-west-1b', 'us-west-1c'] };
    expect(find(check({ zones: known(['us-west-1a', 'us-west-1c']) }, needs), 'zones')).toMatchObject({
      verdict: 'fails',
      measured: 'not available: us-west-1b; there are us-west-1a, us-west-1c',
      next: ['set availabilityZones=a,c in cdk.json, or with --context'],
    });
  });

  test('a zone that does not offer the type, a type that EC2 does not know, and one of another architecture', () => {
    expect(find(check({ offeredIn: known(['eu-west-1a', 'eu-west-1b']) }), 't3.medium offered')).toMatchObject({
      verdict: 'fails',
      measured: 'not in eu-west-1c; in eu-west-1a, eu-west-1b',
    });
    expect(find(check({ instanceType: known('unknown type') }), 'instance type').verdict).toBe('fails');
    const arm = known({ vcpus: 2, architectures: ['arm64'] });
    expect(find(check({ instanceType: arm }), 'instance type').verdict).toBe('fails');
  });

  test('a family with a quota of its own is not measured against the standard one', () => {
    expect(find(check({}, { ...NEEDS, instanceType: 'g4dn.xlarge' }), 'quota: vCPUs').verdict).toBe('unknown');
    expect(['t3.medium', 'm7i-flex.large', 'i4i.large', 'c7a.large'].every(isStandardFamily)).toBe(true);
    expect(['inf2.xlarge', 'trn1.2xlarge', 'p3.2xlarge', 'mac2.metal', 'dl1.24xlarge'].some(isStandardFamily)).toBe(
      false,
    );
  });
});

describe('storage', () => {
  test("AWS's own key is fine, a customer's key is told with what Auto Scaling needs", () => {
    const facts = { defaultKey: known('alias/aws/ebs'), hasDefaultVpc: known(true) };
    expect(checkStorage(facts).map(({ verdict }) => verdict)).toEqual(['ok', 'ok']);
    const key = 'arn:aws:kms:eu-west-1:123456789012:key/1';
    const [finding] = checkStorage({ ...facts, defaultKey: known(key) });
    expect(finding).toMatchObject({ verdict: 'warning', measured: `${key}, a key of this account` });
    expect(finding!.next[0]).toContain('AWSServiceRoleForAutoScaling');
  });
});

describe('images', () => {
  const NAME = 'al2023-ami-2023.9.20251027.0-kernel-6.1-x86_64';
  const machine = (changes: object = {}, needs = NEEDS) =>
    checkMachineImage({ machineImage: known({ name: NAME, ageDays: 10, state: 'available', ...changes }) }, needs);

  test.each([
    [{}, 'ok'],
    [{ ageDays: 91 }, 'warning'],
    [{ name: NAME.replace('6.1-', '6.18-') }, 'warning'],
    [{ state: 'failed' }, 'fails'],
  ])('machine image with %j', (changes, verdict) => expect(machine(changes).verdict).toBe(verdict));

  test('none pinned fails with the command, whatever else is known', () => {
    expect(machine({}, { ...NEEDS, imageId: undefined as never })).toMatchObject({
      verdict: 'fails',
      measured: 'none is pinned for eu-west-1',
      next: ['./bin/metals ami --update --region eu-west-1'],
    });
    expect(machine({}, { ...NEEDS, region: 'eu-wset-1', imageId: undefined as never }).measured).toBe(
      'none is pinned for eu-wset-1, an unknown region; did you mean eu-west-1?',
    );
    expect(checkMachineImage({ machineImage: known('absent') }, NEEDS).verdict).toBe('fails');
  });

  test('the kernel line is read from the name', () => {
    expect(kernelLineOf(NAME)).toBe('6.1');
    expect(kernelLineOf('my-own-image')).toBeUndefined();
  });

  test('no daemon fails; a registry that refuses fails with its reason; an image without digest is told', () => {
    expect(checkDocker({ docker: unknown('docker is not installed'), bases: [] })).toMatchObject([
      { verdict: 'fails', measured: 'docker is not installed' },
    ]);
    const bases = [
      { reference: 'mongo:8.0', pinned: false, problem: undefined },
      { reference: 'haproxy:3.0@sha256:1', pinned: true, problem: undefined },
      { reference: 'node:22-slim', pinned: false, problem: 'toomanyrequests' },
    ];
    expect(checkDocker({ docker: known('28.0'), bases }).map(({ check, verdict }) => [check, verdict])).toEqual([
      ['Docker', 'ok'],
      ['base image mongo:8.0', 'warning'],
      ['base image haproxy:3.0', 'ok'],
      ['base image node:22-slim', 'fails'],
    ]);
  });
});

test('the exit code: what fails before what was refused, and an unknown value alone is none', () => {
  const line = (verdict: Finding['verdict']): Finding => ({ check: '', verdict, measured: '', needed: '', next: [] });
  expect(exitCodeOf([line('ok'), line('warning'), line('unknown'), line('skipped')])).toBe(0);
  expect(exitCodeOf([line('ok'), line('refused')])).toBe(4);
  expect(exitCodeOf([line('refused'), line('fails')])).toBe(3);
});

import type { NamedPolicy } from '../../../../../lib/lab/gateway/authorization/policies';
import type { RecordedCall } from '../../../../../lib/lab/gateway/authorization/recording';
import { unexplained, unneededGrants, type Reason } from '../../../../lab/support/unneeded-grants';

const PARAMETER = 'arn:aws:ssm:eu-west-1:000000000000:parameter';
const INSTANCE = 'arn:aws:ec2:eu-west-1:000000000000:instance/i-1';
const VOLUME = 'arn:aws:ec2:eu-west-1:000000000000:volume/vol-1';
const allow = (Action: string | string[], Resource: string | string[], Condition?: unknown) => ({
  ...{ Effect: 'Allow', Action, Resource },
  ...(Condition ? { Condition } : {}),
});
const policies = (...Statement: object[]): NamedPolicy[] => [
  { name: 'p', policy: { Version: '2012-10-17', Statement } },
];
const call = (action: string, resource: string, context: Record<string, string> = {}): RecordedCall => ({
  ...{ roleName: 'role', principal: 'arn:aws:sts::000000000000:assumed-role/role/i-1', decision: 'allowed' as const },
  ...{ action, resource, context },
});
const found = async (granted: NamedPolicy[], ...calls: RecordedCall[]) =>
  (await unneededGrants(new Map([['role', granted]]), calls)).map(
    ({ kind, actions, resources }) => `${kind}: ${actions.join(' ')} on ${resources.join(' ')}`,
  );

describe('grants that no call needed', () => {
  it('are none where each is used', async () => {
    const granted = policies(
      allow(['ssm:GetParameter', 'ssm:PutParameter'], [`${PARAMETER}/a`, `${PARAMETER}/b`]),
      allow('ec2:AttachVolume', VOLUME),
      allow('ec2:AttachVolume', 'arn:aws:ec2:*:*:instance/*', { StringEquals: { 'aws:ResourceTag/stage': 'test' } }),
    );
    const calls = [
      call('ssm:GetParameter', `${PARAMETER}/a`),
      call('ssm:PutParameter', `${PARAMETER}/b`),
      call('ec2:AttachVolume', VOLUME),
      call('ec2:AttachVolume', INSTANCE, { 'aws:ResourceTag/stage': 'test' }),
    ];
    expect(await found(granted, ...calls)).toEqual([]);
  });

  it('are an action and a resource that none used', async () => {
    const granted = policies(allow(['ssm:GetParameter', 'ssm:PutParameter'], [`${PARAMETER}/a`, `${PARAMETER}/b`]));
    expect(await found(granted, call('ssm:GetParameter', `${PARAMETER}/a`))).toEqual([
      `action: ssm:PutParameter on ${PARAMETER}/a ${PARAMETER}/b`,
      `resource: ssm:GetParameter ssm:PutParameter on ${PARAMETER}/b`,
    ]);
  });

  it('are a statement once, not its parts, and a managed policy as a whole', async () => {
    const arn = 'arn:aws:iam::aws:policy/X';
    const managed = { ...policies(allow(['logs:PutLogEvents', 'logs:CreateLogStream'], '*'))[0]!, name: arn };
    const granted = [...policies(allow(['ssm:GetParameter', 'ssm:PutParameter'], '*'), allow('ecr:*', '*')), managed];
    expect(await found(granted, call('ecr:GetAuthorizationToken', '*'))).toEqual([
      'statement: ssm:GetParameter ssm:PutParameter on *',
      'policy: logs:PutLogEvents logs:CreateLogStream on *',
    ]);
  });

  it('are each of two patterns that cover the same call', async () => {
    const granted = policies(allow(['s3:Get*', 's3:GetObject'], 'arn:aws:s3:::b/*'));
    expect(await found(granted, call('s3:GetObject', 'arn:aws:s3:::b/k'))).toEqual([
      'action: s3:Get* on arn:aws:s3:::b/*',
      'action: s3:GetObject on arn:aws:s3:::b/*',
    ]);
  });

  it('count calls of the role alone, allowed ones alone, and skip what a Deny says', async () => {
    const granted = policies(allow('ssm:GetParameter', '*'), { Effect: 'Deny', Action: 'ec2:*', Resource: '*' });
    const denied = { ...call('ssm:GetParameter', `${PARAMETER}/a`), decision: 'implicitly denied' as const };
    const others = { ...call('ssm:GetParameter', `${PARAMETER}/a`), roleName: 'other' };
    expect(await found(granted, denied, others)).toEqual(['statement: ssm:GetParameter on *']);
  });

  it('forget calls that the policies of today would deny', async () => {
    const granted = policies(allow(['ecr:GetAuthorizationToken', 'ssm:ListCommands'], '*'));
    const calls = [call('ssm:GetParameter', `${PARAMETER}/gone`), call('ssm:ListCommands', '*')];
    expect(await found(granted, ...calls)).toEqual(['action: ecr:GetAuthorizationToken on *']);
  });
});

describe('reasons', () => {
  const grants = [
    { roleName: 'worker', policyName: 'p', kind: 'statement', actions: ['a:X', 'b:Y'], resources: ['*'] },
    { roleName: 'worker', policyName: 'p', kind: 'resource', actions: ['a:X'], resources: ['arn:r'] },
  ] as const;
  const reason = (overrides: Partial<Reason>): Reason => ({
    roles: /worker/,
    actions: ['a:X'],
    reason: 'it says so',
    ...overrides,
  });

  it('explain a statement action by action', () => {
    expect(unexplained(grants, [reason({}), reason({ actions: ['b:Y'] })])).toEqual({ grants: [], reasons: [] });
  });

  it('explain a statement of which one action waits for a test that has not passed yet', () => {
    const waiting = reason({ actions: ['b:Y'] });
    expect(unexplained(grants, [reason({})], [waiting])).toEqual({ grants: [], reasons: [] });
    expect(unexplained(grants, [reason({})], [reason({ actions: ['c:Z'] })]).grants).toEqual([grants[0]]);
  });

  it('leave what another role, another resource or one more action has', () => {
    expect(unexplained(grants, [reason({})]).grants).toEqual([grants[0]]);
    expect(unexplained(grants, [reason({ resources: /^\*$/ })]).grants).toEqual([...grants]);
    expect(unexplained(grants, [reason({ roles: /manager/ })]).grants).toEqual([...grants]);
  });

  it('are reported when nothing needs them any more', () => {
    const stale = reason({ actions: ['c:Z'] });
    expect(unexplained(grants, [reason({}), reason({ actions: ['b:Y'] }), stale]).reasons).toEqual([stale]);
  });
});

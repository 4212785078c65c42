import { InstanceCredentials } from '../../../../../lib/lab/gateway/iam/instance-credentials';
import type { Upstream } from '../../../../../lib/lab/gateway/ministack/upstream';

let clock: number;
let made: number;

beforeEach(() => {
  clock = Date.UTC(2026, 10, 1);
  made = 0;
});

function credentials(roleName = '<RoleName>role-a</RoleName>') {
  const asked: Record<string, unknown>[] = [];
  const upstream = {
    async query(_service: string, action: string, params: Record<string, unknown>) {
      if (action === 'GetInstanceProfile')
        return `<Arn>arn:aws:iam::000000000000:instance-profile/profile-a</Arn>${roleName}`;
      asked.push(params);
      made += 1;
      return `<AccessKeyId>ASIA${made}</AccessKeyId><SecretAccessKey>secret ${made}</SecretAccessKey><SessionToken>token ${made}</SessionToken>`;
    },
  } as unknown as Upstream;
  return { asked, subject: new InstanceCredentials(upstream, () => clock) };
}

test('a profile without a role is an error that names it', async () => {
  const { subject } = credentials('');
  await expect(subject.forInstance('i-0a', 'profile-a')).rejects.toThrow('instance profile profile-a has no role');
});

test('are a session of the profile’s role, named after the instance', async () => {
  const { asked, subject } = credentials();
  await subject.forInstance('i-0a', 'profile-a');
  expect(asked).toEqual([
    { RoleArn: 'arn:aws:iam::000000000000:role/role-a', RoleSessionName: 'i-0a', DurationSeconds: 3600 },
  ]);
});

test('are known with their token, their role and the instance that has them', async () => {
  const { subject } = credentials();
  await subject.forInstance('i-0a', 'profile-a');
  expect(subject.lookup('ASIA1')).toEqual({
    accessKeyId: 'ASIA1',
    secretAccessKey: 'secret 1',
    sessionToken: 'token 1',
    principal: {
      roleName: 'role-a',
      sessionName: 'i-0a',
      context: { 'ec2:SourceInstanceARN': 'arn:aws:ec2:eu-west-1:000000000000:instance/i-0a' },
    },
  });
});

test('stay the same until 15 minutes before they expire', async () => {
  const { subject } = credentials();
  expect((await subject.forInstance('i-0a', 'profile-a')).accessKeyId).toBe('ASIA1');
  clock += 44 * 60_000;
  expect((await subject.forInstance('i-0a', 'profile-a')).accessKeyId).toBe('ASIA1');
  clock += 2 * 60_000;
  expect((await subject.forInstance('i-0a', 'profile-a')).accessKeyId).toBe('ASIA2');
  // Requests under way may still be signed with the old ones.
  expect(subject.lookup('ASIA1')).toMatchObject({ secretAccessKey: 'secret 1' });
});

test('are unknown once expired, revoked, or never made', async () => {
  const { subject } = credentials();
  await subject.forInstance('i-0a', 'profile-a');
  expect(subject.lookup('ASIA1')).toMatchObject({ secretAccessKey: 'secret 1' });
  clock += 3600_001;
  expect(subject.lookup('ASIA1')).toBeUndefined();
  await subject.forInstance('i-0b', 'profile-a');
  subject.revoke('i-0b');
  await Promise.resolve();
  expect(subject.lookup('ASIA2')).toBeUndefined();
  expect(subject.lookup('ASIA9')).toBeUndefined();
});

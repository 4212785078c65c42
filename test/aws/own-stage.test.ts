import { known, unknown } from '../../lib/preflight/fact';
import { assertNothingThere, type StageFacts } from './own-stage';

const NOTHING: StageFacts = { stacks: known({}), secrets: known([]), volumes: known([]) };
const of = (facts: Partial<StageFacts>) => (): void => assertNothingThere('try', 'eu-west-1', { ...NOTHING, ...facts });

test('a stage of which nothing is there may be deployed', () => {
  expect(of({})).not.toThrow();
});

test.each([
  [
    'a stack',
    { stacks: known({ 'metals-try-data': 'CREATE_COMPLETE' }) },
    'stack metals-try-data (CREATE_COMPLETE)',
    'AWS_REGION=eu-west-1 npm run cdk -- destroy --all -c stage=try',
  ],
  [
    'a secret, also one that is scheduled for deletion',
    { secrets: known([{ arn: 'arn', name: 'metals/try/api-key', deletedAt: '2026-11-26T12:00:00.000Z' }]) },
    'secret metals/try/api-key',
    'aws secretsmanager delete-secret --region eu-west-1 --secret-id metals/try/api-key --force-delete-without-recovery',
  ],
  [
    'a volume that was kept',
    { volumes: known([{ id: 'vol-1', slot: 'worker-1', sizeGiB: 20 }]) },
    'volume vol-1 of worker-1',
    'aws ec2 delete-volume --region eu-west-1 --volume-id vol-1',
  ],
])("%s makes it somebody's", (_what, facts, thing, command) => {
  const why = `stage try is there already, and the run would destroy it with its data:\n${thing}`;
  const next = [
    'choose another: npm run test:aws -- --stage NAME',
    'only if it is left of an earlier run of this program, remove it:',
    command,
  ];
  expect(of(facts)).toThrow(expect.objectContaining({ why, next, exitCode: 1 }));
});

test.each([
  ['ec2:DescribeVolumes', { volumes: { kind: 'refused', action: 'ec2:DescribeVolumes' } as const }, 4],
  ['the service is down', { secrets: unknown('the service is down') }, 1],
])('what cannot be looked at is not taken for nothing: %s', (text, facts, exitCode) => {
  expect(of(facts)).toThrow(expect.objectContaining({ why: expect.stringContaining(text), exitCode }));
});

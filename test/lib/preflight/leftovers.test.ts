import { known } from '../../../lib/preflight/fact';
import { checkLeftovers, type LeftoverFacts } from '../../../lib/preflight/leftovers';
import { NEEDS } from './fixtures';

const SECRET = { arn: 'arn:aws:secretsmanager:eu-west-1:1:secret:metals/prod/api-key-x', name: 'metals/prod/api-key' };
const VOLUME = { id: 'vol-1', slot: 'worker-1', sizeGiB: 20 };
const SNAPSHOT = { id: 'snap-1', policyId: 'policy-1', startedAt: '2026-11-20T03:00:00.000Z' };
const LOGS = '/metals/prod/documents';

const nothing: LeftoverFacts = {
  stacks: known({}),
  protectedStacks: [],
  owned: known(new Set<string>()),
  secrets: known([]),
  volumes: known([]),
  snapshots: known([]),
  logGroups: known([]),
};
const check = (changes: Partial<LeftoverFacts> = {}) => checkLeftovers({ ...nothing, ...changes }, NEEDS);

test('an account without this stage has nothing in the way', () => {
  expect(check().map(({ verdict, measured }) => [verdict, measured])).toEqual([
    ['ok', 'none of stage prod yet'],
    ['ok', 'none'],
    ['ok', 'none'],
    ['ok', 'none'],
    ['ok', 'none'],
  ]);
});

test('what the stacks own is no leftover', () => {
  const owned = known(new Set([SECRET.arn, VOLUME.id, LOGS, SNAPSHOT.policyId]));
  const there = {
    ...{ secrets: known([SECRET]), volumes: known([VOLUME]), logGroups: known([LOGS]) },
    snapshots: known([SNAPSHOT]),
  };
  expect(check({ ...there, owned }).map(({ verdict }) => verdict)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok']);
});

test('each leftover has a line with what will happen to it', () => {
  const lines = check({ secrets: known([SECRET]), volumes: known([VOLUME]), logGroups: known([LOGS]) });
  expect(lines.map(({ check: what, verdict }) => [what, verdict])).toEqual([
    ['stacks', 'ok'],
    ['leftovers: secrets', 'ok'],
    ['leftovers: data volumes', 'ok'],
    ['leftovers: snapshots', 'ok'],
    ['leftovers: log groups', 'fails'],
  ]);
  expect(lines.slice(1, 3).map(({ measured, next }) => [measured, next])).toEqual([
    ['metals/prod/api-key is kept and taken over with its value', []],
    ['vol-1, 20 GiB, is taken over by its slot, worker-1, with its data', []],
  ]);
});

test('snapshots that no policy of the stacks removes are told with what they are, and how to remove them', () => {
  const byHand = { id: 'snap-3', startedAt: '2026-11-19T12:00:00.000Z' };
  const ofAnEarlierPolicy = { ...SNAPSHOT, id: 'snap-2', policyId: 'policy-0', startedAt: '2026-11-18T03:00:00.000Z' };
  const owned = known(new Set([SNAPSHOT.policyId]));
  const lines = check({ owned, snapshots: known([SNAPSHOT, ofAnEarlierPolicy, byHand]) });
  expect(lines.find(({ check: what }) => what === 'leftovers: snapshots')).toMatchObject({
    verdict: 'warning',
    measured: '2 that nobody removes, the newest of 2026-11-19T12:00:00.000Z, are paid for',
    next: [expect.stringContaining('Name=tag:metals:stage,Values=prod'), expect.stringContaining('delete-snapshot')],
  });
});

test('a volume that its slot will not take over is told from one that it will', () => {
  const volumes = known([VOLUME, { ...VOLUME, id: 'vol-2' }]);
  const fates = (owned: Set<string>) =>
    check({ volumes, owned: known(owned) })
      .filter(({ check: what }) => what === 'leftovers: data volumes')
      .map(({ verdict, measured }) => [verdict, measured]);
  expect(fates(new Set())).toEqual([
    ['fails', 'vol-1, 20 GiB, is one of 2 that are tagged as the volume of worker-1: the choice is yours'],
    ['fails', 'vol-2, 20 GiB, is one of 2 that are tagged as the volume of worker-1: the choice is yours'],
  ]);
  expect(fates(new Set(['vol-1']))).toEqual([
    ['warning', 'vol-2, 20 GiB, stays beside the volume that worker-1 has, and is paid for'],
  ]);
});

test('a secret that is scheduled for deletion is restored', () => {
  const secrets = known([{ ...SECRET, deletedAt: '2026-11-30T00:00:00.000Z' }]);
  expect(check({ secrets })[1]).toMatchObject({
    verdict: 'ok',
    measured:
      'metals/prod/api-key, scheduled for deletion (2026-11-30T00:00:00.000Z), is restored and taken over with its value',
  });
});

test.each([
  ['CREATE_COMPLETE', 'ok'],
  ['ROLLBACK_COMPLETE', 'ok'],
  ['CREATE_FAILED', 'warning'],
  ['UPDATE_FAILED', 'warning'],
  ['UPDATE_IN_PROGRESS', 'fails'],
  ['ROLLBACK_FAILED', 'fails'],
  ['UPDATE_ROLLBACK_FAILED', 'fails'],
  ['DELETE_FAILED', 'fails'],
])('a stack in state %s', (status, verdict) => {
  const [line] = check({ stacks: known({ 'metals-prod-data': status }) });
  expect(line).toMatchObject({ check: 'stack metals-prod-data', verdict });
});

test('a stack that never came up and is protected must be let go first: the CDK deletes it and is refused', () => {
  const name = 'metals-prod-data';
  const [line] = check({ stacks: known({ [name]: 'ROLLBACK_COMPLETE' }), protectedStacks: [name] });
  expect(line).toMatchObject({
    verdict: 'fails',
    next: [`aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name ${name}`],
  });
});

test.each(['CREATE_FAILED', 'UPDATE_FAILED'])(
  'a stack in state %s goes on with --no-rollback alone: otherwise the CDK asks first, and nobody may be there to answer',
  (status) => {
    const [line] = check({ stacks: known({ 'metals-prod-data': status }) });
    expect(line).toMatchObject({
      measured: expect.stringMatching(
        /without --no-rollback, or where a resource is replaced, cdk deploy asks .+ fails/,
      ),
      next: [expect.stringMatching(/^\.\/bin\/metals deploy --no-rollback +#/)],
    });
  },
);

test('leftovers whose owner cannot be asked for are not called leftovers', () => {
  const owned = { kind: 'refused' as const, action: 'cloudformation:ListStackResources' };
  const lines = check({ owned, secrets: known([SECRET]) });
  expect(lines[1]).toMatchObject({
    verdict: 'refused',
    measured: 'not known: these credentials lack cloudformation:ListStackResources',
  });
});

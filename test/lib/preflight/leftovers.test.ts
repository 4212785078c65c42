import { known } from '../../../lib/preflight/fact';
import { checkLeftovers, type LeftoverFacts } from '../../../lib/preflight/leftovers';
import { NEEDS } from './fixtures';

const SECRET = { arn: 'arn:aws:secretsmanager:eu-west-1:1:secret:metals/prod/api-key-x', name: 'metals/prod/api-key' };
const VOLUME = { id: 'vol-1', slot: 'worker-1', sizeGiB: 20 };
const LOGS = '/metals/prod/documents';

const nothing: LeftoverFacts = {
  stacks: known({}),
  owned: known(new Set<string>()),
  secrets: known([]),
  volumes: known([]),
  logGroups: known([]),
};
const check = (changes: Partial<LeftoverFacts> = {}) => checkLeftovers({ ...nothing, ...changes }, NEEDS);
const failing = (changes: Partial<LeftoverFacts>) =>
  check(changes)
    .filter(({ verdict }) => verdict === 'fails')
    .map(({ measured }) => measured);

test('an account without this stage has nothing in the way', () => {
  expect(check().map(({ verdict, measured }) => [verdict, measured])).toEqual([
    ['ok', 'none of stage prod yet'],
    ['ok', 'none'],
    ['ok', 'none'],
    ['ok', 'none'],
  ]);
});

test('what the stacks own is no leftover', () => {
  const owned = known(new Set([SECRET.arn, VOLUME.id, LOGS]));
  const there = { secrets: known([SECRET]), volumes: known([VOLUME]), logGroups: known([LOGS]) };
  expect(check({ ...there, owned }).map(({ verdict }) => verdict)).toEqual(['ok', 'ok', 'ok', 'ok']);
});

test('each leftover has a line with what will happen to it', () => {
  const lines = check({ secrets: known([SECRET]), volumes: known([VOLUME]), logGroups: known([LOGS]) });
  expect(lines.map(({ check: what, verdict }) => [what, verdict])).toEqual([
    ['stacks', 'ok'],
    ['leftovers: secrets', 'fails'],
    ['leftovers: data volumes', 'warning'],
    ['leftovers: log groups', 'fails'],
  ]);
  expect(lines[2]!.measured).toBe(
    'vol-1 of worker-1, 20 GiB: stays as it is, is paid for, and a new, empty volume is made beside it',
  );
});

test('a secret that is scheduled for deletion keeps its name from others', () => {
  const secrets = known([{ ...SECRET, deletedAt: '2026-11-30T00:00:00.000Z' }]);
  expect(failing({ secrets })).toEqual([
    'metals/prod/api-key is scheduled for deletion (2026-11-30T00:00:00.000Z): its name is taken until then',
  ]);
});

test.each([
  ['CREATE_COMPLETE', 'ok'],
  ['ROLLBACK_COMPLETE', 'ok'],
  ['UPDATE_FAILED', 'ok'],
  ['UPDATE_IN_PROGRESS', 'fails'],
  ['ROLLBACK_FAILED', 'fails'],
  ['UPDATE_ROLLBACK_FAILED', 'fails'],
  ['DELETE_FAILED', 'fails'],
])('a stack in state %s', (status, verdict) => {
  const [line] = check({ stacks: known({ 'metals-prod-data': status }) });
  expect(line).toMatchObject({ check: 'stack metals-prod-data', verdict });
});

test('leftovers whose owner cannot be asked for are not called leftovers', () => {
  const owned = { kind: 'refused' as const, action: 'cloudformation:ListStackResources' };
  const lines = check({ owned, secrets: known([SECRET]) });
  expect(lines[1]).toMatchObject({
    verdict: 'refused',
    measured: 'not known: these credentials lack cloudformation:ListStackResources',
  });
});

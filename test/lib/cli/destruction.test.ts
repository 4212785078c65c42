import { leftBehind, planDestruction, withWhatStays } from '../../../lib/cli/destruction';
import type { StackContents, StageContents } from '../../../lib/cli/stage-contents';
import { LAB, NOTHING } from './stages';

const DATA = 'metals-lab-data';

/** As on AWS: the data stack is protected, and told its custom resources to keep what they made. */
const KEPT: StageContents = {
  ...LAB,
  stacks: LAB.stacks.map((stack): StackContents =>
    stack.name !== DATA
      ? stack
      : {
          ...stack,
          isProtected: true,
          resources: stack.resources.map((all) => ({ ...all, isKept: all.type.startsWith('Custom::Kept') })),
        },
  ),
};
const UNPROTECTED: StageContents = { ...KEPT, stacks: KEPT.stacks.map((stack) => ({ ...stack, isProtected: false })) };

const fates = (contents: StageContents): string[] =>
  planDestruction('lab', contents).items.map(
    ({ kind, id, fate }) => `${fate}: ${kind} ${id.replace(/^(vol|i)-.*/, '$1')}`,
  );

test('without kept data all of it goes, and what cannot be made again is lost', () => {
  const { stacks, items } = planDestruction('lab', LAB);
  expect(stacks).toEqual(['metals-lab-pipeline', 'metals-lab-swarm', 'metals-lab-network', DATA]);
  expect(items.filter(({ fate }) => fate === 'lost').map(({ kind, detail }) => `${kind} ${detail}`.trim())).toEqual([
    "volume manager-1, 20 GiB: the Swarm's state",
    "volume worker-1, 20 GiB: Kafka's events",
    "volume worker-2, 20 GiB: MongoDB's prices",
    ...['secret', 'secret', 'secret'],
    'log group full output of all documents',
  ]);
  expect(items.filter(({ fate }) => fate === 'stays')).toEqual([]);
});

test('a protected data stack stays with all that it has; the nodes go', () => {
  expect(planDestruction('lab', KEPT).stacks).not.toContain(DATA);
  expect(fates(KEPT)).toMatchInlineSnapshot(`
    [
      "removed: stack metals-lab-pipeline",
      "removed: stack metals-lab-swarm",
      "removed: stack metals-lab-network",
      "stays: stack metals-lab-data",
      "removed: instance i",
      "removed: instance i",
      "removed: instance i",
      "stays: volume vol",
      "stays: volume vol",
      "stays: volume vol",
      "stays: secret metals/lab/api-key",
      "stays: secret metals/lab/kafka-password",
      "stays: secret metals/lab/mongodb-password",
      "stays: parameter /metals/lab/swarm/claim",
      "stays: parameter /metals/lab/swarm/manager-token",
      "stays: parameter /metals/lab/swarm/worker-token",
      "stays: log group /metals/lab/documents",
    ]
  `);
});

test('a data stack that is not protected goes, but not what it was told to keep', () => {
  expect(planDestruction('lab', UNPROTECTED).stacks).toContain(DATA);
  expect(fates(UNPROTECTED).filter((line) => !/(stack|instance)/.test(line))).toMatchInlineSnapshot(`
    [
      "stays: volume vol",
      "stays: volume vol",
      "stays: volume vol",
      "stays: secret metals/lab/api-key",
      "stays: secret metals/lab/kafka-password",
      "stays: secret metals/lab/mongodb-password",
      "stays: parameter /metals/lab/swarm/claim",
      "stays: parameter /metals/lab/swarm/manager-token",
      "stays: parameter /metals/lab/swarm/worker-token",
      "lost: log group /metals/lab/documents",
    ]
  `);
});

test('what no stack owns stays, with the command that removes it', () => {
  const { items, stacks } = planDestruction('lab', { ...LAB, stacks: [] });
  expect(stacks).toEqual([]);
  for (const item of items) expect(item).toEqual({ ...item, fate: 'stays', next: expect.stringMatching(/^aws /) });
  expect(planDestruction('lab', NOTHING)).toEqual({ stacks: [], items: [] });
});

test('snapshots are counted; a bucket with a deletion policy stays', () => {
  const bucket = { type: 'AWS::S3::Bucket', physicalId: 'logs-of-the-edge', isKept: true, holds: [] };
  const snapshots = [{ id: 'snap-1', startedAt: '2026-11-29T00:00:00Z' }];
  const network = { name: 'metals-lab-network', status: 'CREATE_COMPLETE', isProtected: false, resources: [bucket] };
  const { items } = planDestruction('lab', { ...NOTHING, stacks: [network], snapshots });
  expect(items.map(({ kind, id, fate }) => `${fate}: ${kind} ${id}`)).toEqual([
    'removed: stack metals-lab-network',
    'stays: snapshots 1',
    'stays: AWS::S3::Bucket logs-of-the-edge',
  ]);
});

test('a stack that was protected by hand keeps those on which it stands, and its nodes', () => {
  const stacks = LAB.stacks.map((stack) => ({ ...stack, isProtected: stack.name === 'metals-lab-swarm' }));
  const { stacks: going, items } = planDestruction('lab', { ...LAB, stacks });
  expect(going).toEqual(['metals-lab-pipeline']);
  const lines = items.filter(({ kind }) => kind === 'stack').map(({ id, fate, detail }) => `${fate}: ${id}, ${detail}`);
  expect(lines.map((line) => line.replace(/\d+ resources/, 'N'))).toEqual([
    'removed: metals-lab-pipeline, N',
    'stays: metals-lab-swarm, N, protected from termination',
    'stays: metals-lab-network, N; a protected stack stands on it',
    'stays: metals-lab-data, N; a protected stack stands on it',
  ]);
  expect(items.filter(({ fate }) => fate === 'lost')).toEqual([]);
  expect(items.filter(({ kind, fate }) => kind === 'instance' && fate !== 'stays')).toEqual([]);
});

test('a volume that is not found by its tags any more is lost all the same', () => {
  const [first] = LAB.volumes;
  const { items } = planDestruction('lab', { ...LAB, volumes: LAB.volumes.slice(1) });
  expect(items).toContainEqual({
    ...{ kind: 'volume', id: first!.id, fate: 'lost', detail: "its tags are gone: the Swarm's state" },
  });
  expect(items.filter(({ kind, fate }) => kind === 'parameter' && fate !== 'removed')).toEqual([]);
});

test('a secret in its recovery window goes by itself: no command is advised', () => {
  const secrets = [{ arn: 'arn', name: 'metals/lab/api-key', deletedAt: '2026-12-24T00:00:00Z' }];
  expect(planDestruction('lab', { ...NOTHING, secrets }).items).toEqual([
    {
      ...{ kind: 'secret', id: 'metals/lab/api-key', fate: 'stays' },
      detail: 'goes by itself: scheduled for deletion, 2026-12-24T00:00:00Z',
    },
  ]);
});

describe('afterwards', () => {
  test('log groups that Lambda has made meanwhile are told, and are no failure', () => {
    const plan = planDestruction('lab', LAB);
    const after = { ...NOTHING, functionLogs: ['/aws/lambda/metals-lab-network-Custom'] };
    expect(leftBehind(plan, 'lab', after)).toEqual([]);
    expect(withWhatStays(plan, 'lab', after).filter(({ fate }) => fate === 'stays')).toMatchObject([
      { next: 'aws logs delete-log-group --log-group-name /aws/lambda/metals-lab-network-Custom' },
    ]);
  });

  test('nothing is left, or what was told to stay', () => {
    expect(leftBehind(planDestruction('lab', LAB), 'lab', NOTHING)).toEqual([]);
    const { volumes, secrets } = KEPT;
    expect(
      leftBehind(planDestruction('lab', UNPROTECTED), 'lab', {
        ...NOTHING,
        volumes,
        secrets,
        parameters: LAB.parameters,
      }),
    ).toEqual([]);
  });

  test('a volume and a log group that should have gone are named', () => {
    const { volumes, logGroups } = LAB;
    const left = leftBehind(planDestruction('lab', LAB), 'lab', {
      ...NOTHING,
      volumes: volumes.slice(0, 1),
      logGroups,
    });
    expect(left.map(({ kind, fate, next }) => [kind, fate, next])).toEqual([
      ['volume', 'stays', `aws ec2 delete-volume --volume-id ${volumes[0]!.id}`],
      ['log group', 'stays', 'aws logs delete-log-group --log-group-name /metals/lab/documents'],
    ]);
  });

  test('a stack that is there yet is named', () => {
    const left = leftBehind(planDestruction('lab', LAB), 'lab', { ...NOTHING, stacks: LAB.stacks.slice(1, 2) });
    expect(left.map(({ kind, id }) => `${kind} ${id}`)).toEqual([`stack ${LAB.stacks[1]!.name}`]);
  });
});

import { describe as describeStacks, inProgress, interrupted } from '../../../lib/lab/stack-operations';

const stack = (name: string, status: string): { name: string; status: string } => ({ name, status });

test('creations, rollbacks and deletions that nobody continues are removed; updates have no way back', () => {
  const stacks = [
    stack('network', 'CREATE_COMPLETE'),
    stack('data', 'UPDATE_IN_PROGRESS'),
    stack('swarm', 'CREATE_IN_PROGRESS'),
    stack('pipeline', 'REVIEW_IN_PROGRESS'),
    stack('old', 'DELETE_IN_PROGRESS'),
    stack('failed', 'ROLLBACK_IN_PROGRESS'),
    stack('back', 'UPDATE_ROLLBACK_IN_PROGRESS'),
  ];
  const { deletable, stuck } = interrupted(stacks);
  expect(deletable.map(({ name }) => name)).toEqual(['swarm', 'pipeline', 'old', 'failed']);
  expect(stuck.map(({ name }) => name)).toEqual(['data', 'back']);
  expect(inProgress(stacks)).toHaveLength(6);
});

test('stacks at rest are nobody’s concern', () => {
  expect(interrupted([stack('a', 'CREATE_COMPLETE'), stack('b', 'UPDATE_ROLLBACK_COMPLETE')])).toEqual({
    deletable: [],
    stuck: [],
  });
});

test('are named with their state', () => {
  expect(describeStacks([stack('a', 'CREATE_IN_PROGRESS'), stack('b', 'X')])).toBe('a (CREATE_IN_PROGRESS), b (X)');
});

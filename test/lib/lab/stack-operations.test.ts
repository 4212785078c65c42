import { describe as describeStacks, inProgress } from '../../../lib/lab/stack-operations';

const stack = (name: string, status: string): { name: string; status: string } => ({ name, status });

test('whatever is worked at counts; a stack in review or at rest does not', () => {
  const stacks = [
    stack('network', 'CREATE_COMPLETE'),
    stack('data', 'UPDATE_IN_PROGRESS'),
    stack('swarm', 'CREATE_IN_PROGRESS'),
    stack('pipeline', 'REVIEW_IN_PROGRESS'),
    stack('old', 'DELETE_IN_PROGRESS'),
    stack('back', 'UPDATE_ROLLBACK_COMPLETE'),
  ];
  expect(inProgress(stacks).map(({ name }) => name)).toEqual(['data', 'swarm', 'old']);
  expect(inProgress([])).toEqual([]);
});

test('stacks are named with their state', () => {
  expect(describeStacks([stack('a', 'CREATE_IN_PROGRESS'), stack('b', 'X')])).toBe('a (CREATE_IN_PROGRESS), b (X)');
});

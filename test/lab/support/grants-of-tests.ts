/** Grants that no deployment needs, but one test of the lab. Where that has not passed yet, nothing is known about them. */
import type { TestName } from './passed-tests';
import type { Reason } from './unneeded-grants';

export interface GrantOfTest extends Reason {
  readonly test: TestName;
}

export const GRANTS_OF_TESTS: readonly GrantOfTest[] = [
  {
    roles: /RunCommandOnEvent/,
    actions: ['cloudformation:DescribeStacks'],
    reason: 'Whether a resource goes by itself or with its stack is asked when a slot is removed.',
    test: {
      file: '85-workers.test.ts',
      title: 'back to two: the third is drained and leaves the Swarm before it goes, and nothing is lost',
    },
  },
];

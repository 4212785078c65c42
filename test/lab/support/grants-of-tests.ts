/** Grants that no deployment needs, but one test of the lab. Where that has not passed yet, nothing is known about them. */
import type { TestName } from './passed-tests';
import type { Reason } from './unneeded-grants';

export interface GrantOfTest extends Reason {
  readonly test: TestName;
}

const KEPT = { file: '95-destroy.test.ts', title: 'volumes and secrets outlive the stacks' };
const FOUND = { file: '95-destroy.test.ts', title: 'the next deployment finds them: the same volumes, key and event' };
const WIPED = { file: '95-destroy.test.ts', title: 'leaves nothing that refuses the next one' };

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
  {
    roles: /Rolesmanager/i,
    actions: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
    resources: /:secret:metals\/[^/]+\/(kafka-login|mongodb-uri)-\?{6}$/,
    reason: 'Logins of external engines are read where they are deployed, or were before.',
    test: {
      file: '94-external-engines.test.ts',
      title:
        'take over from the own ones: no event is lost or doubled, those of before come along, and no request fails',
    },
  },
  {
    roles: /SecretsHandler/i,
    actions: ['secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'],
    reason: 'Secrets of an earlier deployment are found and read; a short run makes new ones alone.',
    test: FOUND,
  },
  {
    roles: /SecretsHandler/i,
    actions: ['secretsmanager:DeleteSecret'],
    reason: 'Secrets go with their stack where its data do.',
    test: WIPED,
  },
  {
    roles: /VolumesHandler/i,
    actions: ['ec2:DescribeVolumesModifications', 'ec2:ModifyVolume'],
    reason: 'A larger dataVolumeGiB lets volumes grow.',
    test: KEPT,
  },
  {
    roles: /VolumesHandler/i,
    actions: ['cloudformation:DescribeStacks', 'ec2:DeleteVolume'],
    reason:
      'Volumes go with their slot where the data of the stage do; an update first looks whether it is a rollback.',
    test: WIPED,
  },
];

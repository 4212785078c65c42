import type { LabDefect } from './support/defects';
import {
  deployArguments,
  interruptedText,
  labProblem,
  leftStages,
  restoreFailure,
  stacksToRestore,
} from './support/lab-plan';
import { merged } from './support/lab-results';

const defect: LabDefect = {
  id: 'some-defect',
  title: 'Some defect',
  file: 'x.sh',
  line: 'one',
  becomes: 'two',
  level: 'lab',
  test: 'test/lab/10-swarm.test.ts',
  name: 'nodes',
  says: 'x',
  deploy: ['swarm'],
  redeploy: ['data'],
};

describe('a lab', () => {
  test('that is down or half up is refused with the next command', () => {
    const down = labProblem({ state: 'down', reason: '', next: ['npm run lab'] });
    expect([down?.message, down?.next]).toEqual(['no lab is up', ['npm run lab']]);
    const half = labProblem({ state: 'half up', reason: 'not running: worker-1', next: ['npm run lab'] });
    expect(half?.message).toBe('the lab is half up: not running: worker-1');
  });

  test('that is up is taken', () => expect(labProblem({ state: 'up', reason: '', next: [] })).toBeUndefined());

  test('that cannot be brought back stops the run, with the reason and the commands', () => {
    const failure = restoreFailure('some-defect', 'cdk deploy: UPDATE_ROLLBACK_FAILED');
    expect(failure.message).toBe(
      'the lab could not be brought back after some-defect: cdk deploy: UPDATE_ROLLBACK_FAILED',
    );
    expect(failure.next.join()).toContain('cdk deploy --all');
    expect(failure.next.join()).toContain('npm run lab:down && npm run lab');
  });

  test('whose run is interrupted is told how it comes back', () => {
    expect(interruptedText('some-defect')).toMatch(/may hold the defect some-defect[^]*cdk deploy --all/);
  });
});

describe('deployments', () => {
  test('are of the stacks alone that are named, in the order of the app', () => {
    expect(deployArguments(['swarm', 'data']).slice(0, 4)).toEqual([
      'deploy',
      'metals-lab-data',
      'metals-lab-swarm',
      '--exclusively',
    ]);
  });

  test('back are of what was deployed, by the run or by its test', () => {
    expect(stacksToRestore(defect)).toEqual(['data', 'swarm']);
    expect(stacksToRestore({ ...defect, deploy: [], redeploy: [] })).toEqual([]);
  });

  test('of another stage that are left are found, whatever else there is', () => {
    const names = ['CDKToolkit', 'metals-lab-swarm', 'metals-second-data', 'metals-second-network', 'metals-other'];
    expect(leftStages(names)).toEqual(['second']);
  });
});

test('a result takes the place of an earlier one of the same defect alone', () => {
  const result = { id: 'a', caught: false, said: 'x', seconds: 1, time: '' };
  const other = { ...result, id: 'b' };
  expect(merged([result, other], { ...result, caught: true })).toEqual([other, { ...result, caught: true }]);
  expect(merged([], result)).toEqual([result]);
});

import { readOutcome, standsStill } from '../../../../../lib/lab/gateway/ssm/step-runner';

const MARK = 'step-end-1234';

test('a docker exec that ends well without the mark is a lost connection, not a success', () => {
  const outcome = readOutcome({ exitCode: 0, stdout: 'begin\n', stderr: '' }, MARK, 'exited');
  expect(outcome.exitCode).toBe(255);
  expect(outcome.stderr).toContain('the connection to the node was lost before the step ended');
});

test('takes the exit code from the mark, and the mark out of the output', () => {
  const stderr = `a warning\n\n${MARK} 3\nlate words of a daemon\n`;
  expect(readOutcome({ exitCode: 3, stdout: 'out\n', stderr }, MARK, 'exited')).toEqual({
    exitCode: 3,
    stdout: 'out\n',
    stderr: 'a warning\nlate words of a daemon\n',
    ended: 'exited',
  });
});

test('a step that the agent has killed is 137 and adds no word, whatever docker exec says', () => {
  const ended = readOutcome({ exitCode: 0, stdout: 'begun\n', stderr: '' }, MARK, 'timed-out');
  expect(ended).toEqual({ exitCode: 137, ended: 'timed-out', stdout: 'begun\n', stderr: '' });
  const marked = { exitCode: 143, stdout: '', stderr: `a warning\n\n${MARK} 143\n` };
  expect(readOutcome(marked, MARK, 'cancelled')).toMatchObject({ exitCode: 137, stderr: 'a warning\n' });
});

test('a node that stands still, as Docker 20.10 says it, has not refused the step', () => {
  const stderr =
    'Error response from daemon: Container metals-lab-i-9fea48a0d44c44b9b is paused, unpause the container before exec\n';
  expect(standsStill({ exitCode: 1, stdout: '', stderr })).toBe(true);
  expect(standsStill({ exitCode: 1, stdout: '', stderr: 'Error: No such container: metals-lab-i-9\n' })).toBe(false);
});

import type { DocumentContent } from '../../../../../lib/lab/gateway/ssm/document-content';
import {
  concludeStep,
  planSteps,
  runsAfterStop,
  streamedStderr,
  type PlannedStep,
  type StepOutcome,
} from '../../../../../lib/lab/gateway/ssm/steps';

const document = (inputs: Record<string, unknown>, precondition?: object): DocumentContent =>
  ({
    schemaVersion: '2.2',
    parameters: { Seconds: { type: 'String' } },
    mainSteps: [
      { action: 'aws:runShellScript', name: 'run', inputs: { runCommand: ['a', 'b'], ...inputs }, precondition },
    ],
  }) as DocumentContent;
const plan = (inputs: Record<string, unknown>, values: Record<string, string> = {}): PlannedStep =>
  planSteps(document(inputs), values)[0]!;

test.each([
  [undefined, 3600],
  ['900', 900],
  ['{{ Seconds }}', 30],
  ['4', 3600],
  ['172801', 3600],
  ['soon', 3600],
])('a timeout of %s means %d seconds, as with the agent', (timeoutSeconds, expected) => {
  expect(plan({ timeoutSeconds }, { Seconds: '30' }).timeoutSeconds).toBe(expected);
});

test('joins the lines and reads switches that CloudFormation made strings', () => {
  const step = plan({ finallyStep: 'true', onFailure: 'exit', workingDirectory: '/srv' });
  expect(step).toMatchObject({ script: 'a\nb\n', finallyStep: true, onFailure: 'exit', workingDirectory: '/srv' });
});

test('a step for Windows is skipped', () => {
  const windows = { StringEquals: ['platformType', 'Windows'] };
  expect(planSteps(document({}, windows), {})[0]!.skipped).toBe(true);
  expect(plan({}).skipped).toBe(false);
});

describe('the end of a step, as amazon-ssm-agent has it', () => {
  const exited = (exitCode: number): StepOutcome => ({ exitCode, stdout: 'o', stderr: 'e\n', ended: 'exited' });
  const property = 'Step was found to have onFailure property. Further document steps will be skipped.';
  const code = (exitCode: number, status: string) =>
    `Step exited with code ${exitCode}. Therefore, marking step as ${status}. Further document steps will be skipped.`;
  const failed = (exitCode: number) => `e\nfailed to run commands: exit status ${exitCode}`;
  test.each([
    ['0 goes on', {}, 0, ['Success', 0, 'o', 'e\n', false]],
    ['0 with onSuccess: exit stops', { onSuccess: 'exit' }, 0, ['Success', 0, 'o', 'e\n', true]],
    ['a failure goes on', {}, 3, ['Failed', 3, 'o', failed(3), false]],
    [
      'a failure with onFailure: exit stops, and both streams say so',
      { onFailure: 'exit' },
      3,
      ['Failed', 3, `o\n${property}`, `${failed(3)}\n${property}`, true],
    ],
    [
      'onFailure: successAndExit makes it 168',
      { onFailure: 'successAndExit' },
      3,
      ['Success', 168, `o\n${property}`, `${failed(3)}\n${property}`, true],
    ],
    ['168 succeeds, stops, and has no stderr', {}, 168, ['Success', 168, `o\n${code(168, 'succeeded')}`, '', true]],
    [
      '169 fails and stops',
      {},
      169,
      ['Failed', 169, `o\n${code(169, 'Failed')}`, `${failed(169)}\n${code(169, 'Failed')}`, true],
    ],
    ['137 is a time-out, also after kill -9 or for want of memory', {}, 137, ['TimedOut', 137, 'o', 'e\n', false]],
    [
      'a time-out is not Failed: onFailure: exit does not stop',
      { onFailure: 'exit' },
      137,
      ['TimedOut', 137, 'o', 'e\n', false],
    ],
  ] as const)('%s', (_, inputs, exitCode, [status, resultCode, stdout, stderr, stop]) => {
    const result = { status, exitCode: resultCode, stdout, stderr, stop };
    expect(concludeStep(plan(inputs), exited(exitCode))).toEqual(result);
  });

  test('a cancellation has no word of its own', () => {
    const cancelled: StepOutcome = { ...exited(137), ended: 'cancelled' };
    expect(concludeStep(plan({}), cancelled)).toMatchObject({ status: 'Cancelled', exitCode: 137, stderr: 'e\n' });
  });

  test('194 is refused', () => {
    expect(concludeStep(plan({}), exited(194))).toMatchObject({ status: 'Failed', stop: true });
  });

  test('CloudWatch Logs get the line about the exit status, and nothing about later steps', () => {
    expect(streamedStderr(exited(169))).toBe(failed(169));
    expect(streamedStderr(exited(137))).toBe('e\n');
  });

  test('finallyStep counts for the last step only', () => {
    const steps = [plan({ finallyStep: 'true' }), plan({ finallyStep: 'true' })];
    expect(steps.map((_, index) => runsAfterStop(steps, index))).toEqual([false, true]);
    expect(runsAfterStop([plan({})], 0)).toBe(false);
  });
});

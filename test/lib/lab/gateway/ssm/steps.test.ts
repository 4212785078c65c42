import type { DocumentContent } from '../../../../../lib/lab/gateway/ssm/document-content';
import { judgeStep, planSteps, type PlannedStep, type StepOutcome } from '../../../../../lib/lab/gateway/ssm/steps';

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

describe('the end of a step', () => {
  const exited = (exitCode: number): StepOutcome => ({ exitCode, stdout: '', stderr: '', ended: 'exited' });
  test.each([
    ['0 goes on', {}, exited(0), { status: 'Success', stop: false }],
    ['0 with onSuccess: exit stops', { onSuccess: 'exit' }, exited(0), { status: 'Success', stop: true }],
    ['a failure goes on', {}, exited(3), { status: 'Failed', stop: false }],
    ['a failure with onFailure: exit stops', { onFailure: 'exit' }, exited(3), { status: 'Failed', stop: true }],
    [
      'onFailure: successAndExit forgives',
      { onFailure: 'successAndExit' },
      exited(3),
      { status: 'Success', stop: true },
    ],
    ['168 succeeds and stops', {}, exited(168), { status: 'Success', stop: true }],
    ['169 fails and stops', {}, exited(169), { status: 'Failed', stop: true }],
    ['194 is refused', {}, exited(194), { status: 'Failed', stop: true }],
    ['a timeout goes on', {}, { ...exited(143), ended: 'timed-out' }, { status: 'TimedOut', stop: false }],
    [
      'a timeout with onFailure: exit stops',
      { onFailure: 'exit' },
      { ...exited(143), ended: 'timed-out' },
      { status: 'TimedOut', stop: true },
    ],
    ['a cancellation stops', {}, { ...exited(143), ended: 'cancelled' }, { status: 'Cancelled', stop: true }],
  ] as const)('%s', (_, inputs, outcome, verdict) => {
    expect(judgeStep(plan(inputs), outcome as StepOutcome)).toMatchObject(verdict);
  });

  test('says why where the output would not', () => {
    expect(judgeStep(plan({}), exited(3)).note).toBe('failed to run commands: exit status 3');
    const late: StepOutcome = { ...exited(143), ended: 'timed-out' };
    expect(judgeStep(plan({ timeoutSeconds: '60' }), late).note).toBe('the step was ended after its timeout of 60 s');
  });
});

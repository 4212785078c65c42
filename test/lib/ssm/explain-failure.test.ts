import { excerpt, explainFailure, FAILURE_TEXT_LIMIT_BYTES, jsonBytes } from '../../../lib/ssm/explain-failure';
import type { CommandState, Invocation } from '../../../lib/ssm/types';

const invocation = (over: Partial<Invocation> = {}): Invocation => ({
  instanceId: 'i-0123456789abcdef0',
  instanceName: 'metals-lab-manager-1',
  status: 'Failed',
  exitCode: 1,
  stdout: '',
  stderr: 'stack-deploy: service metals_kafka: 0 of 1 tasks healthy\n',
  ...over,
});

const state = (invocations: Invocation[], over: Partial<CommandState> = {}): CommandState => ({
  commandId: '11111111-2222-3333-4444-555555555555',
  documentName: 'metals-lab-stack-deploy',
  status: 'Failed',
  done: true,
  succeeded: false,
  invocations,
  ...over,
});

test('names document, instance, command id, the reason and the command that shows the rest', () => {
  expect(explainFailure(state([invocation()]), 'eu-west-1')).toBe(
    [
      'document metals-lab-stack-deploy failed on instance metals-lab-manager-1 (i-0123456789abcdef0): Failed, exit code 1, command 11111111-2222-3333-4444-555555555555',
      'stack-deploy: service metals_kafka: 0 of 1 tasks healthy',
      'see: aws ssm get-command-invocation --command-id 11111111-2222-3333-4444-555555555555 --instance-id i-0123456789abcdef0 --region eu-west-1',
    ].join('\n'),
  );
});

test('says that a 137 need not be a time-out, although Systems Manager calls it one', () => {
  const killed = invocation({ status: 'ExecutionTimedOut', exitCode: 137 });
  expect(explainFailure(state([killed]), 'eu-west-1')).toContain(
    'ExecutionTimedOut, exit code 137 (killed: its time was over, or the node had no memory left), command',
  );
});

test('keeps the end of a long stderr without a marked reason, from the start of a line', () => {
  const stderr =
    Array.from({ length: 400 }, (_, index) => `line ${index} ${'x'.repeat(40)}`).join('\n') + '\nthe reason';
  const text = explainFailure(state([invocation({ stderr })]), 'eu-west-1');
  expect(jsonBytes(text)).toBeLessThanOrEqual(FAILURE_TEXT_LIMIT_BYTES);
  expect(jsonBytes(text)).toBeGreaterThan(FAILURE_TEXT_LIMIT_BYTES - 100);
  expect(text).toContain('the reason\nsee: aws ssm get-command-invocation');
  expect(text).toMatch(/\n…\nline \d+ x/);
  expect(text).not.toContain('line 0 ');
});

test('what a compromised node prints does not drive the terminal of whoever reads the event', () => {
  const text = explainFailure(state([invocation({ stderr: 'error: \u001b]0;owned\u0007\n' })]), 'eu-west-1');
  expect(text).toContain('\nerror: \\x1b]0;owned\\x07\n');
});

test('counts bytes, not characters, and never cuts one in two', () => {
  const stderr = Array.from({ length: 40 }, () => '€'.repeat(200)).join('\n');
  const text = explainFailure(state([invocation({ stderr })]), 'eu-west-1');
  expect(Buffer.byteLength(JSON.stringify(text)) - 2).toBeLessThanOrEqual(FAILURE_TEXT_LIMIT_BYTES);
  expect(text).not.toContain('\uFFFD');
});

test('begins with the reason where it is marked, and with what another program said of it; else nothing is left out', () => {
  const told = (stderr: string) =>
    explainFailure(state([invocation({ stderr })]), 'eu-west-1')
      .split('\n')
      .slice(1, -1);
  const denied = 'fatal error: An error occurred (403) when calling the HeadObject operation: Forbidden';
  expect(told(`12:00:00 secrets asked for\n${denied}\n12:00:01 api-key is here\nerror: no bundle\n`)).toEqual([
    denied,
    'error: no bundle',
  ]);
  expect(told('12:00:00 secrets asked for\n')).toEqual(['12:00:00 secrets asked for']);
});

test('many failed instances stay within the limit and leave room for the reason', () => {
  const many = Array.from({ length: 16 }, (_, index) =>
    invocation({ instanceId: `i-${index}`, stderr: 'y'.repeat(8000) }),
  );
  const text = explainFailure(state(many), 'eu-west-1');
  expect(jsonBytes(text)).toBeLessThanOrEqual(FAILURE_TEXT_LIMIT_BYTES);
  expect(text).toContain('also failed on instance metals-lab-manager-1 (i-4)');
  expect(text).toContain('and on 11 more instance(s)');
  expect(text).toContain('yyyyyyyyyy');
});

test('falls back to stdout, and says when there is no output at all', () => {
  expect(explainFailure(state([invocation({ stderr: ' \n', stdout: 'only on stdout' })]), 'eu-west-1')).toContain(
    '\nonly on stdout\n',
  );
  expect(explainFailure(state([invocation({ stderr: '' })]), 'eu-west-1')).toContain('\n(it printed nothing)\n');
});

test('a command that matched no instance is a failure that says so', () => {
  expect(explainFailure(state([], { status: 'NoInstancesInTag' }), 'eu-central-1')).toBe(
    'document metals-lab-stack-deploy ended as NoInstancesInTag without running on any instance ' +
      '(command 11111111-2222-3333-4444-555555555555)\n' +
      'see: aws ssm list-commands --command-id 11111111-2222-3333-4444-555555555555 --region eu-central-1',
  );
});

describe('a reason that is too long', () => {
  const log = (service: string, lines: number) =>
    [
      `service ${service}: 0 of 1 replicas, update none`,
      ...Array(lines).fill(`    ${service} says ${'"'.repeat(400)}`),
    ].join('\n');
  const progress = Array.from({ length: 100 }, (_, index) => `12:00:00 waiting: kafka 0/1 (${index} s left)`).join(
    '\n',
  );
  const end = 'error: the stack did not converge within 900 s: kafka 0/1';
  const text = explainFailure(
    state([invocation({ stderr: [progress, log('kafka', 6), log('processor', 6), log('setup', 6), end].join('\n') })]),
    'eu-west-1',
  );

  test('begins with the root cause and ends with the error', () => {
    const lines = text.split('\n');
    expect(lines[1]).toBe('service kafka: 0 of 1 replicas, update none');
    expect(lines.at(-2)).toBe(end);
    expect(text).toContain('\n…\n');
    expect(text).not.toContain('waiting:');
  });

  test('is within the limit as it travels, in JSON, where quotes and line breaks count twice', () => {
    expect(jsonBytes(text)).toBeLessThanOrEqual(FAILURE_TEXT_LIMIT_BYTES);
    expect(jsonBytes(text)).toBeGreaterThan(FAILURE_TEXT_LIMIT_BYTES - 700);
  });

  test('leaves room for the rest of the answer, which CloudFormation refuses above 4,096 bytes', () => {
    const name = 'x'.repeat(64);
    const answer = JSON.stringify({
      Status: 'FAILED',
      // The framework's own lines, and its word before the text.
      Reason: `Error: ${text}\n\nLogs: /aws/lambda/${name}\n`,
      StackId: `arn:aws:cloudformation:ap-southeast-1:123456789012:stack/metals-${'s'.repeat(16)}-pipeline/${'u'.repeat(36)}`,
      RequestId: 'r'.repeat(36),
      PhysicalResourceId: `metals-${'s'.repeat(16)}-stack-deploy/${name}`,
      LogicalResourceId: name,
      Data: { CommandId: 'c'.repeat(36), SentAt: new Date(0).toISOString() },
    });
    expect(Buffer.byteLength(answer)).toBeLessThanOrEqual(4096);
  });

  test('gives up progress before it gives up anything else', () => {
    const short = explainFailure(
      state([invocation({ stderr: `${progress}\n${log('kafka', 1)}\n${end}` })]),
      'eu-west-1',
    );
    expect(short.split('\n')[1]).toBe('service kafka: 0 of 1 replicas, update none');
    expect(short).not.toContain('\n…\n');
  });
});

test('a short text is left as it is', () => {
  expect(excerpt('one\ntwo\n', 100)).toBe('one\ntwo');
});

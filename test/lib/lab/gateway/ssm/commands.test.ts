import type { CommandRecord } from '../../../../../lib/lab/gateway/ssm/command-records';
import type { CommandEffects, StepRun } from '../../../../../lib/lab/gateway/ssm/command-run';
import { commandView, invocationOutput, invocationView } from '../../../../../lib/lab/gateway/ssm/command-views';
import { Commands } from '../../../../../lib/lab/gateway/ssm/commands';
import { Documents, type DocumentsData } from '../../../../../lib/lab/gateway/ssm/documents';
import type { StepOutcome } from '../../../../../lib/lab/gateway/ssm/steps';
import type { ManagedNode } from '../../../../../lib/lab/gateway/ssm/targets';
import { managedNode, noLog, removeStores, temporaryRecords, temporaryStore } from '../support/fixtures';

afterEach(removeStores);

const outcome = (overrides: Partial<StepOutcome> = {}): StepOutcome => ({
  exitCode: 0,
  stdout: '',
  stderr: '',
  ended: 'exited',
  ...overrides,
});
const step = (name: string, inputs: Record<string, unknown> = {}) => ({
  action: 'aws:runShellScript',
  name,
  inputs: { runCommand: [name], ...inputs },
});

interface Setup {
  steps?: ReturnType<typeof step>[];
  nodes?: ManagedNode[];
  runStep?: (run: StepRun) => Promise<StepOutcome>;
}

function setUp({ steps = [step('run')], nodes = [managedNode()], runStep = async () => outcome() }: Setup = {}) {
  const documents = new Documents(temporaryStore<DocumentsData>({ documents: {} }));
  documents.create({
    Name: 'doc',
    Content: {
      schemaVersion: '2.2',
      parameters: { Who: { type: 'String', default: 'me', interpolationType: 'ENV_VAR' } },
      mainSteps: steps,
    },
  });
  const runs: StepRun[] = [];
  const stopped: string[] = [];
  const shipped: string[] = [];
  const effects: CommandEffects = {
    async runStep(run) {
      runs.push(run);
      return runStep(run);
    },
    stopStep: async (container) => void stopped.push(container),
    ship: async (logGroup, prefix) => void shipped.push(`${logGroup} ${prefix.split('/').slice(1).join('/')}`),
  };
  const store = temporaryRecords<CommandRecord>();
  const commands = new Commands(store, documents, { list: () => nodes }, effects, noLog);
  return { commands, effects, documents, runs, shipped, stopped, store };
}

const three = ['i-0a', 'i-0b', 'i-0c'].map((id) => managedNode({ id, container: `node-${id}` }));
const everywhere = { DocumentName: 'doc', Targets: [{ Key: 'tag:metals:stage', Values: ['lab'] }] };

describe('refused before anything runs', () => {
  test.each([
    [{ DocumentName: 'none', InstanceIds: ['i-0a'] }, 'InvalidDocument'],
    [{ DocumentName: 'doc', DocumentVersion: '4', InstanceIds: ['i-0a'] }, 'InvalidDocumentVersion'],
    [{ DocumentName: 'doc', InstanceIds: ['i-0f'] }, 'InvalidInstanceId'],
    [{ DocumentName: 'doc', InstanceIds: ['i-0a'], Parameters: { Other: ['x'] } }, 'InvalidParameters'],
    [{ DocumentName: 'doc', InstanceIds: ['i-0a'], TimeoutSeconds: 5 }, 'ValidationException'],
  ])('%j', (input, code) => {
    const { commands, runs } = setUp();
    expect(() => commands.send(input)).toThrow(expect.objectContaining({ code }));
    expect(commands.list()).toEqual([]);
    expect(runs).toEqual([]);
  });
});

test('runs the script as the agent does: environment, place, timeout', async () => {
  const { commands, runs } = setUp({ steps: [step('run', { timeoutSeconds: '70' })] });
  const { command, finished } = commands.send({
    DocumentName: 'doc',
    InstanceIds: ['i-0a'],
    Parameters: { Who: ['you'] },
  });
  await finished;
  expect(command.status).toBe('Success');
  expect(runs[0]).toMatchObject({
    container: 'metals-lab-i-0a',
    directory: `/var/lib/amazon/ssm/i-0a/document/orchestration/${command.id}/run`,
    script: 'run\n',
    timeoutSeconds: 70,
  });
  expect(runs[0]!.environment).toEqual({
    SSM_Who: 'you',
    SSM_COMMAND_ID: command.id,
    AWS_SSM_INSTANCE_ID: 'i-0a',
    AWS_SSM_REGION_NAME: 'eu-west-1',
    AWS_SSM_PLATFORM_NAME: 'Debian GNU/Linux (node container of the lab)',
    AWS_SSM_PLATFORM_VERSION: '13',
  });
});

test('a failed step does not stop the next one, except with onFailure: exit; finallyStep runs all the same', async () => {
  const runStep = async ({ script }: StepRun) => outcome({ exitCode: script.startsWith('bad') ? 3 : 0 });
  const goesOn = setUp({ steps: [step('bad'), step('next')], runStep });
  await goesOn.commands.send(everywhere).finished;
  expect(goesOn.runs.map(({ script }) => script)).toEqual(['bad\n', 'next\n']);

  const steps = [step('bad', { onFailure: 'exit' }), step('next'), step('last', { finallyStep: 'true' })];
  const stops = setUp({ steps, runStep });
  const { command, finished } = stops.commands.send(everywhere);
  await finished;
  expect(stops.runs.map(({ script }) => script)).toEqual(['bad\n', 'last\n']);
  expect(command.status).toBe('Failed');
});

test('skipped steps are Skipped, with code 0 and without output; of several steps only a named one has output', async () => {
  const steps = [step('bad', { onFailure: 'exit' }), step('next')];
  const runStep = async () => outcome({ exitCode: 3, stdout: 'out' });
  const { commands } = setUp({ steps, runStep });
  const { command, finished } = commands.send(everywhere);
  await finished;
  const invocation = command.invocations['i-0a']!;
  expect(invocationOutput(command, invocation, 'next')).toMatchObject({
    // The API's enumeration has no Skipped.
    Status: 'Success',
    StatusDetails: 'Skipped',
    ResponseCode: 0,
    StandardOutputContent: '',
    StandardErrorContent: '',
  });
  expect(invocationOutput(command, invocation)).toMatchObject({ ResponseCode: -1, StandardOutputContent: '' });
});

test('a finallyStep that is not the last one is skipped', async () => {
  const runStep = async ({ script }: StepRun) => outcome({ exitCode: script.startsWith('bad') ? 3 : 0 });
  const steps = [step('bad', { onFailure: 'exit' }), step('tidy', { finallyStep: 'true' }), step('next')];
  const { commands, runs } = setUp({ steps, runStep });
  await commands.send(everywhere).finished;
  expect(runs.map(({ script }) => script)).toEqual(['bad\n']);
});

test('a document with a pattern that Go refuses never begins, and says so as the agent does', async () => {
  const { commands, documents, runs } = setUp();
  const pattern = '^([0-9]{1,15}(,[0-9]{1,15}){0,99})?$';
  const parameters = { Ids: { type: 'String', default: '', allowedPattern: pattern } };
  documents.create({ Name: 'ids', Content: { schemaVersion: '2.2', parameters, mainSteps: [step('run')] } });
  const { command, finished } = commands.send({ ...everywhere, DocumentName: 'ids' });
  await finished;
  expect(runs).toEqual([]);
  const invocation = command.invocations['i-0a']!;
  expect(invocationView(command, invocation, false)).toMatchObject({
    Status: 'Failed',
    TraceOutput: expect.stringContaining('invalid repeat count: `{0,99}`'),
  });
  expect(invocationOutput(command, invocation)).toMatchObject({ ResponseCode: -1, StandardErrorContent: '' });
});

test('is DeliveryTimedOut only after TimeoutSeconds and the execution timeout together', async () => {
  jest.useFakeTimers();
  try {
    const steps = [step('run', { timeoutSeconds: '10' }), step('next', { timeoutSeconds: '20' })];
    const { commands, runs } = setUp({ steps, nodes: [managedNode({ online: false })] });
    const { command, finished } = commands.send({ ...everywhere, TimeoutSeconds: 30 });
    await jest.advanceTimersByTimeAsync(59_000);
    expect(command.invocations['i-0a']!.status).toBe('Pending');
    await jest.advanceTimersByTimeAsync(2_000);
    await finished;
    expect(commandView(command)).toMatchObject({ Status: 'TimedOut', DeliveryTimedOutCount: 1 });
    expect(command.invocations['i-0a']!.statusDetails).toBe('DeliveryTimedOut');
    expect(runs).toEqual([]);
  } finally {
    jest.useRealTimers();
  }
});

test('a tag that matches nothing succeeds without an invocation, as on AWS', async () => {
  const { commands } = setUp({ nodes: [] });
  const { command, finished } = commands.send(everywhere);
  await finished;
  expect(commandView(command)).toMatchObject({ Status: 'Success', StatusDetails: 'NoInstancesInTag', TargetCount: 0 });
});

test('after more errors than allowed, what has not begun is not begun', async () => {
  const { commands, runs } = setUp({ nodes: three, runStep: async () => outcome({ exitCode: 1 }) });
  const { command, finished } = commands.send({ ...everywhere, MaxConcurrency: '1' });
  await finished;
  expect(runs).toHaveLength(1);
  expect(Object.values(command.invocations).map((each) => each.statusDetails)).toEqual([
    'Failed',
    'Terminated',
    'Terminated',
  ]);
  expect(command.status).toBe('Failed');
});

test('MaxErrors 100% goes to every node', async () => {
  const { commands, runs } = setUp({ nodes: three, runStep: async () => outcome({ exitCode: 1 }) });
  await commands.send({ ...everywhere, MaxConcurrency: '1', MaxErrors: '100%' }).finished;
  expect(runs).toHaveLength(3);
});

test('a step that could not be run fails with the reason', async () => {
  const { commands } = setUp({ runStep: () => Promise.reject(new Error('docker is not there')) });
  const { command, finished } = commands.send(everywhere);
  await finished;
  const output = invocationOutput(command, command.invocations['i-0a']!);
  expect(output).toMatchObject({ Status: 'Failed', ResponseCode: 1 });
  expect(output.StandardErrorContent).toContain('the step could not be run: docker is not there');
});

test('a timeout is TimedOut with the details of the API', async () => {
  const { commands } = setUp({ runStep: async () => outcome({ exitCode: 137, ended: 'timed-out' }) });
  const { command, finished } = commands.send(everywhere);
  await finished;
  expect(commandView(command)).toMatchObject({ Status: 'TimedOut', StatusDetails: 'ExecutionTimedOut', ErrorCount: 1 });
});

test('a cancelled command ends its steps and begins no more', async () => {
  const runStep = ({ cancelled }: StepRun) =>
    new Promise<StepOutcome>((resolve) => {
      cancelled.addEventListener('abort', () => resolve(outcome({ exitCode: 137, ended: 'cancelled' })));
    });
  const { commands, runs } = setUp({ steps: [step('slow'), step('next')], nodes: three, runStep });
  const { command, finished } = commands.send({ ...everywhere, MaxConcurrency: '1' });
  await new Promise(setImmediate);
  commands.cancel(command.id);
  await finished;
  expect(runs).toHaveLength(1);
  expect(command.status).toBe('Cancelled');
  expect(Object.values(command.invocations).map(({ status }) => status)).toEqual([
    'Cancelled',
    'Cancelled',
    'Cancelled',
  ]);
  expect(() => commands.cancel('none')).toThrow('command none does not exist');
});

test('a node that went away while the command waited is Undeliverable', async () => {
  const nodes = [managedNode({ online: false })];
  const { commands } = setUp({ nodes });
  const { command, finished } = commands.send(everywhere);
  nodes.length = 0;
  await finished;
  expect(command.invocations['i-0a']).toMatchObject({ status: 'TimedOut', statusDetails: 'Undeliverable' });
});

test('keeps as much output as the API shows, and ships all of it where asked', async () => {
  const { commands, shipped } = setUp({
    runStep: async () => outcome({ stdout: 'o'.repeat(30_000), stderr: 'e'.repeat(9000) }),
  });
  const { command, finished } = commands.send({
    ...everywhere,
    CloudWatchOutputConfig: { CloudWatchOutputEnabled: true, CloudWatchLogGroupName: '/logs' },
  });
  await finished;
  const output = invocationOutput(command, command.invocations['i-0a']!);
  expect(output.StandardOutputContent).toHaveLength(24_000);
  expect(output.StandardOutputContent).toMatch(/--output truncated--$/);
  expect(output.StandardErrorContent).toHaveLength(8000);
  expect(shipped).toEqual(['/logs i-0a/run']);
  const view = invocationView(command, command.invocations['i-0a']!, true);
  expect(view.CommandPlugins[0]!.Output).toHaveLength(2500);
});

test('logs that cannot be written do not fail the command', async () => {
  const { commands, effects } = setUp();
  effects.ship = () => Promise.reject(new Error('no logs today'));
  const { command, finished } = commands.send({
    ...everywhere,
    CloudWatchOutputConfig: { CloudWatchOutputEnabled: true },
  });
  await finished;
  expect(command).toMatchObject({ status: 'Success', logGroupName: '/aws/ssm/doc' });
});

test('what a former gateway left running is stopped in the node and failed, never taken for a success', async () => {
  const { commands, documents, effects, stopped, store } = setUp({ runStep: () => new Promise(() => undefined) });
  const { command } = commands.send(everywhere);
  await new Promise(setImmediate);
  expect(command.status).toBe('InProgress');
  const next = new Commands(store, documents, { list: () => [managedNode()] }, effects, noLog);
  await next.abandonUnfinished();
  expect(stopped).toEqual(['metals-lab-i-0a']);
  const output = invocationOutput(command, command.invocations['i-0a']!);
  expect(output.Status).toBe('Failed');
  expect(output.StandardErrorContent).toContain('the lab was restarted while this step ran');
});

test('an unfinished invocation shows -1 and no end', async () => {
  const { commands } = setUp({ runStep: () => new Promise(() => undefined) });
  const { command } = commands.send(everywhere);
  await new Promise(setImmediate);
  expect(invocationOutput(command, command.invocations['i-0a']!)).toMatchObject({
    Status: 'InProgress',
    ResponseCode: -1,
    ExecutionEndDateTime: '',
  });
});

test('keeps a command for thirty days, as Run Command does', async () => {
  const { commands } = setUp();
  const start = 1_800_000_000_000;
  const now = jest.spyOn(Date, 'now').mockReturnValue(start);
  const first = commands.send(everywhere);
  await first.finished;
  const sendAfterDays = async (days: number): Promise<void> => {
    now.mockReturnValue(start + days * 86_400_000);
    await commands.send(everywhere).finished;
  };
  for (let sent = 0; sent < 150; sent++) await sendAfterDays(29);
  expect(commands.get(first.command.id)).toBeDefined();
  await sendAfterDays(31);
  expect(commands.get(first.command.id)).toBeUndefined();
  expect(commands.list()).toHaveLength(151);
  now.mockRestore();
});

/** Time-out and cancel are a SIGKILL, and no trap runs: what a document leaves, the next run of it removes. */
import { CancelCommandCommand, ListCommandsCommand, SSMClient } from '@aws-sdk/client-ssm';
import { documentName } from '../../lib/contract';
import { runCommand, sendCommand } from '../../lib/ssm';
import { toSlot } from './support/commands';
import { onManager } from './support/nodes';
import { eventually, metals } from './support/run';
import { stage } from './support/secrets';

jest.setTimeout(300_000);

const ssm = new SSMClient({});
const toFirstManager = (name: string, parameters: Readonly<Record<string, string>>) => ({
  ...toSlot(name, 'manager-1', parameters),
  timeoutSeconds: 120,
});

/** Names of the job services that a run of the smoke test makes. */
const jobs = (): Promise<string> =>
  onManager('service', 'ls', '--format', '{{.Name}}', '--filter', 'label=com.metals.smoke-test=true');

test('a time-out runs no trap, says nothing, and is 137', async () => {
  const script = 'trap "echo trapped" TERM EXIT; echo begun; sleep 60';
  const request = toFirstManager('AWS-RunShellScript', { commands: script, executionTimeout: '5' });
  const state = await runCommand(ssm, request);
  expect(state.status).toBe('ExecutionTimedOut');
  expect(state.invocations).toMatchObject([{ exitCode: 137, stdout: 'begun\n', stderr: '' }]);
});

test('a background child that holds the output keeps a step open until its time-out', async () => {
  const request = toFirstManager('AWS-RunShellScript', { commands: 'sleep 60 & echo begun', executionTimeout: '5' });
  const state = await runCommand(ssm, request);
  expect(state.status).toBe('ExecutionTimedOut');
  expect(state.invocations).toMatchObject([{ exitCode: 137, stdout: 'begun\n' }]);
});

test('a script begins where the agent lets it begin', async () => {
  const request = toFirstManager('AWS-RunShellScript', { commands: 'pwd; echo "$PATH"; echo "${HOME-none}"' });
  const state = await runCommand(ssm, request);
  expect(state.invocations).toMatchObject([
    { exitCode: 0, stdout: '/usr/bin\n/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin\nnone\n' },
  ]);
});

/** Kills a smoke test as soon as it has a job that was not there before; answers the jobs that are there then. */
async function killedSmokeTest(before: string): Promise<string> {
  const CommandId = await sendCommand(ssm, toFirstManager(documentName(stage(), 'smoke-test'), { Stage: stage() }));
  let seen = '';
  await eventually('the job of the smoke test', 60, async () => {
    seen = await jobs();
    return seen.split('\n').some((name) => name !== '' && !before.includes(name)) ? undefined : 'there is none yet';
  });
  await ssm.send(new CancelCommandCommand({ CommandId }));
  await eventually('the end of the command', 30, async () => {
    const status = (await ssm.send(new ListCommandsCommand({ CommandId }))).Commands?.[0]?.Status;
    return status === 'Cancelled' ? undefined : `it is ${status}`;
  });
  return seen;
}

test('a smoke test that is killed leaves its job, which goes before the next one makes its own', async () => {
  expect(await jobs()).toBe('');
  await killedSmokeTest('');
  // Otherwise this test has shown nothing.
  const left = (await jobs()).trim();
  expect(left).not.toBe('');
  if ((await killedSmokeTest(left)).includes(left))
    throw new Error(`a killed smoke test has left ${left}, and the next one goes on beside it`);
  const result = await metals('smoke-test', '--json');
  expect(result.code).toBe(0);
  expect(JSON.parse(result.stdout)).toMatchObject({ passed: true });
  expect(await jobs()).toBe('');
});

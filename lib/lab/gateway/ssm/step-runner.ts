/** Effects of Run Command: a step as root in a node's container, and its output in CloudWatch Logs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { run, tryRun, type Output } from '../../process';
import { UpstreamError } from '../errors';
import type { CommandEffects, StepRun } from './command-run';
import { EXIT_KILLED, type StepOutcome } from './steps';
import { NODE_ENDPOINT, NODE_LIB } from '../settings';
import type { Upstream } from '../ministack/upstream';

/** Exit code of a step of which nobody knows how it ended. */
const UNKNOWN_EXIT_CODE = 255;
/** How long `docker exec` may take to end once its processes are gone. */
const EXEC_END_MILLISECONDS = 5000;
const STANDSTILL_POLL_MILLISECONDS = 1000;

export const commandEffects = (upstream: Upstream): CommandEffects => ({
  runStep,
  stopStep,
  ship: (logGroupName, streamPrefix, outcome) => ship(upstream, logGroupName, streamPrefix, outcome),
});

async function runStep(step: StepRun): Promise<StepOutcome> {
  const environment: Record<string, string> = { ...step.environment, AWS_ENDPOINT_URL: NODE_ENDPOINT };
  // Names only: the values go from this process's environment, not from an argument list.
  const names = Object.keys(environment).flatMap((name) => ['--env', name]);
  const mark = `step-end-${crypto.randomUUID()}`;
  const workingDirectory = step.workingDirectory ? [step.workingDirectory] : [];
  const command = [`${NODE_LIB}/run-step`, step.directory, mark, ...workingDirectory];
  const hung = new AbortController();
  const ending = waitForEnd(step, hung);
  try {
    for (;;) {
      const output = await tryRun('docker', ['exec', '--interactive', ...names, step.container, ...command], {
        input: step.script,
        env: { ...process.env, ...environment },
        signal: hung.signal,
      });
      if (!standsStill(output) || ending.reason() !== 'exited') return readOutcome(output, mark, ending.reason());
      await sleep(STANDSTILL_POLL_MILLISECONDS);
    }
  } catch (error) {
    if (!hung.signal.aborted) throw error;
    // A node that hangs: what the step has printed is lost, and on AWS nobody would say so either.
    return { exitCode: EXIT_KILLED, stdout: '', stderr: '', ended: ending.reason() };
  } finally {
    ending.forget();
  }
}

/** Pure: Docker begins nothing in a container that is paused; an agent that stands still takes the command when it goes on. */
export const standsStill = ({ stderr }: Output): boolean =>
  /^Error response from daemon: Container \S+ is paused, unpause the container before exec$/m.test(stderr);

/** Pure: a step has ended only if its mark came; `docker exec` alone may report success for one that still runs. */
export function readOutcome(output: Output, mark: string, ended: StepOutcome['ended']): StepOutcome {
  const end = new RegExp(`\\n${mark} (\\d+)\\n`).exec(output.stderr);
  const stderr = end
    ? output.stderr.slice(0, end.index) + output.stderr.slice(end.index + end[0].length)
    : output.stderr;
  // The agent has killed it, and adds no word.
  if (ended !== 'exited') return { exitCode: EXIT_KILLED, stdout: output.stdout, stderr, ended };
  if (end) return { exitCode: Number(end[1]), stdout: output.stdout, stderr, ended };
  const note = `the connection to the node was lost before the step ended (docker exec: exit code ${output.exitCode})\n`;
  return { exitCode: UNKNOWN_EXIT_CODE, stdout: output.stdout, stderr: stderr + note, ended };
}

/** Ends the step in the node when its time is over or it is cancelled; the exec then ends by itself. */
function waitForEnd(step: StepRun, hung: AbortController) {
  let reason: StepOutcome['ended'] = 'exited';
  const end = (why: StepOutcome['ended']): void => {
    if (reason !== 'exited') return;
    reason = why;
    const giveUp = (): void => void setTimeout(() => hung.abort(), EXEC_END_MILLISECONDS).unref();
    // A node that is gone has ended its processes, too.
    stopStep(step.container, step.directory).then(giveUp, giveUp);
  };
  const onCancel = (): void => end('cancelled');
  const timer = setTimeout(() => end('timed-out'), step.timeoutSeconds * 1000);
  step.cancelled.addEventListener('abort', onCancel);
  if (step.cancelled.aborted) onCancel();
  return {
    reason: () => reason,
    forget: () => {
      clearTimeout(timer);
      step.cancelled.removeEventListener('abort', onCancel);
    },
  };
}

async function stopStep(container: string, directory: string): Promise<void> {
  await run('docker', ['exec', container, `${NODE_LIB}/stop-step`, directory]);
}

const LOGS = 'Logs_20140328';
const MAX_EVENT_CHARACTERS = 60_000;
const MAX_EVENTS_PER_CALL = 1000;

async function ship(
  upstream: Upstream,
  logGroupName: string,
  streamPrefix: string,
  outcome: StepOutcome,
): Promise<void> {
  await ignoreExisting(upstream.json('logs', `${LOGS}.CreateLogGroup`, { logGroupName }));
  for (const stream of ['stdout', 'stderr'] as const) {
    const lines = outcome[stream].split('\n').filter((line) => line !== '');
    if (lines.length === 0) continue;
    const logStreamName = `${streamPrefix}/${stream}`;
    await ignoreExisting(upstream.json('logs', `${LOGS}.CreateLogStream`, { logGroupName, logStreamName }));
    const timestamp = Date.now();
    for (let from = 0; from < lines.length; from += MAX_EVENTS_PER_CALL) {
      const logEvents = lines
        .slice(from, from + MAX_EVENTS_PER_CALL)
        .map((line) => ({ timestamp, message: line.slice(0, MAX_EVENT_CHARACTERS) }));
      await upstream.json('logs', `${LOGS}.PutLogEvents`, { logGroupName, logStreamName, logEvents });
    }
  }
}

async function ignoreExisting(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (!(error instanceof UpstreamError && error.code === 'ResourceAlreadyExistsException')) throw error;
  }
}

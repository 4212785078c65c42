/** Which manager a document goes to that any of several may run. */
import type { SSMClient } from '@aws-sdk/client-ssm';
import { Deadline, DeadlineError, pollUntil, type Look } from './deadline';
import { ActionableError } from '../actionable-error';
import { visibleLines } from '../safe-text';
import { explainFailure } from './explain-failure';
import { describeTargets, isOnline, listInstances, readCommand, sendCommand } from './run-command';
import { throughThrottling } from './throttling';
import type { CommandState, Target } from './types';

export interface ManagerChoice {
  readonly stage: string;
  /** Taken whenever it can speak for the Swarm. */
  readonly preferred: readonly Target[];
  readonly all: readonly Target[];
  /** Document without effects that succeeds on a manager which can speak for the Swarm, and on no other node. */
  readonly probe: string;
  readonly region: string;
  /** How long the preferred one may answer later than another. @default 5,000 */
  readonly preferenceMs?: number;
  /** Whether a manager that is online alone is asked as well: else its own answer says more. @default false */
  readonly asksEvenOne?: boolean;
}

/** The probe reads; a manager without a quorum answers it late, one that has just died never. */
const PROBE_SECONDS = 90;
const PREFERENCE_MS = 5_000;
/** As API and console write them. */
const UNDER_WAY = /^(Pending|In ?Progress|Delayed|Cancelling|Success)$/;

/** None of the managers that are online can speak for the Swarm. */
class NoManagerError extends ActionableError {}

interface Online {
  readonly ids: readonly string[];
  readonly preferred: string | undefined;
}

/**
 * Id of the instance to ask. A manager that is online need not be part of the quorum, and Systems Manager takes minutes to
 * notice that one is gone: where several are online they are asked. As long as the same ones answer it is the same for
 * everybody, because a document's lock holds on its node only.
 *
 * @throws DeadlineError with the state of each, when none is online in time
 * @throws ActionableError with what they said, when none of those that were asked can speak for the Swarm
 */
export async function chooseManager(
  ssm: SSMClient,
  choice: ManagerChoice,
  deadline: Deadline,
  onWait?: (reason: string) => void,
): Promise<string> {
  const online = await pollUntil(
    'waiting for a manager',
    deadline,
    throughThrottling(() => lookForOnline(ssm, choice)),
    onWait,
  );
  if (online.ids.length === 1 && !choice.asksEvenOne) return online.ids[0]!;
  // Who must know asks for as long as an answer may take.
  const seconds = choice.asksEvenOne ? PROBE_SECONDS : Math.min(PROBE_SECONDS, deadline.remainingSeconds + 1);
  return ask(ssm, choice, online, new Deadline(seconds), onWait);
}

async function lookForOnline(ssm: SSMClient, { preferred, all }: ManagerChoice): Promise<Look<Online>> {
  const [first, found] = await Promise.all([listInstances(ssm, preferred), listInstances(ssm, all)]);
  const ids = found.filter(isOnline).map(({ InstanceId }) => InstanceId!);
  if (ids.length > 0) return { value: { ids: ids.sort(), preferred: first.find(isOnline)?.InstanceId } };
  const states = found.map(({ InstanceId, PingStatus }) => `${InstanceId} is ${PingStatus}`).sort();
  return {
    waitingFor:
      `no manager online in Systems Manager: ${found.length} instance(s) with ${describeTargets(all)}` +
      (states.length ? ` (${states.join(', ')})` : ''),
  };
}

async function ask(
  ssm: SSMClient,
  { stage, probe, region, preferenceMs = PREFERENCE_MS }: ManagerChoice,
  { ids, preferred }: Online,
  deadline: Deadline,
  onWait?: (reason: string) => void,
): Promise<string> {
  const commandId = await sendProbe(ssm, probe, stage, ids);
  let firstAnswerMs: number | undefined;
  return pollUntil(
    `asking ${ids.length} managers which of them can speak for the Swarm (command ${commandId})`,
    deadline,
    throughThrottling(async (): Promise<Look<string>> => {
      const state = await readCommand(ssm, commandId);
      const answered = succeeded(state);
      if (answered.length > 0) firstAnswerMs ??= Date.now();
      const isPatient = Date.now() - (firstAnswerMs ?? Infinity) <= preferenceMs;
      const chosen = choose(state, answered, preferred, isPatient);
      if (chosen !== undefined) return { value: chosen };
      if (state.done) throw new NoManagerError(noSpeaker(state, region), NEXT);
      return { waitingFor: progressOf(state) };
    }),
    onWait,
  );
}

export interface Question {
  readonly stage: string;
  readonly ids: readonly string[];
  /** As of `ManagerChoice`. */
  readonly probe: string;
  /** How long one may take to answer. @default 90 */
  readonly seconds?: number;
}

/** Ids of those instances that can speak for the Swarm; one that does not answer in time cannot. */
export async function listSpeakers(
  ssm: SSMClient,
  { stage, ids, probe, seconds = PROBE_SECONDS }: Question,
  onWait?: (reason: string) => void,
): Promise<string[]> {
  const commandId = await sendProbe(ssm, probe, stage, ids);
  let speakers: string[] = [];
  const all = pollUntil(
    `asking ${ids.length} managers`,
    new Deadline(seconds),
    throughThrottling(async (): Promise<Look<true>> => {
      const state = await readCommand(ssm, commandId);
      speakers = succeeded(state);
      return state.done ? { value: true } : { waitingFor: progressOf(state) };
    }),
    onWait,
  );
  await all.catch((error: unknown) => {
    if (!(error instanceof DeadlineError)) throw error;
  });
  return speakers;
}

const sendProbe = (ssm: SSMClient, probe: string, stage: string, ids: readonly string[]): Promise<string> =>
  sendCommand(ssm, {
    documentName: probe,
    parameters: { Stage: stage },
    targets: [{ key: 'InstanceIds', values: ids }],
    expectedInstanceCount: ids.length,
    timeoutSeconds: PROBE_SECONDS,
    comment: 'metals: which manager answers',
  });

const progressOf = ({ invocations }: CommandState): string =>
  invocations.map(({ instanceId, status }) => `${instanceId} ${status}`).join(', ');

const succeeded = ({ invocations }: CommandState): string[] =>
  invocations
    .filter(({ status }) => status === 'Success')
    .map(({ instanceId }) => instanceId)
    .sort();

const NEXT = [
  './bin/metals recover    # only where a majority of the managers is lost for good; others come back by themselves',
];

/** What each of them said last, and where the rest is. */
function noSpeaker(state: CommandState, region: string): string {
  const [first] = state.invocations;
  if (!first || state.invocations.length === 1) return explainFailure(state, region);
  const said = state.invocations.map(({ instanceId, status, stderr }) => {
    const lines = visibleLines(stderr).trim().split('\n');
    const reason = lines.findLast((line) => line.startsWith('error: ')) ?? lines.at(-1) ?? '';
    return `  ${instanceId}: ${reason.replace(/^error: /, '').slice(0, 300) || status}`;
  });
  return [
    `none of ${state.invocations.length} managers that are online can speak for the Swarm:`,
    ...said,
    `see: aws ssm list-command-invocations --command-id ${state.commandId} --details --region ${region}`,
  ].join('\n');
}

function choose(
  { done, invocations }: CommandState,
  answered: readonly string[],
  preferred: string | undefined,
  isPatient: boolean,
): string | undefined {
  if (preferred === undefined || answered.includes(preferred)) return preferred ?? answered[0];
  const hasFailed = invocations.some(({ instanceId, status }) => instanceId === preferred && !UNDER_WAY.test(status));
  return done || hasFailed || !isPatient ? answered[0] : undefined;
}

import { EXIT, FIRST_MANAGER } from '../../contract';
import { explainFailure } from '../../ssm';
import { isRefusal } from '../../aws-errors';
import { raisedAlarms } from '../alarms';
import { failedAssociations } from '../associations';
import type { Context } from '../context';
import { CliError, explainError } from '../errors';
import type { Change } from '../history';
import { newestDeployment } from '../last-deployment';
import { completeCommands } from '../next-command';
import { slotsWithoutVolume } from '../slot-volumes';
import { findProblems, parseStackStatus, quorumLine, reminders, type StackStatus } from '../stack-status';
import { readTaskUse, type TaskUse } from '../task-use';
import { statusRows } from '../status-rows';
import { assertDeployed, connect, runOnManager } from '../systems-manager';
import { drawTable } from '../table';
import { tellError } from '../tell-error';
import { visible } from '../../safe-text';
import type { Verb } from '../verbs/verb';

const DEFAULT_TIMEOUT_SECONDS = 120;
/** Between two looks of --watch. */
const WATCH_PAUSE_MS = 3_000;
/** How much longer than a manager a node may take to say what its tasks use. */
const USE_PATIENCE_MS = 1_500;
export const STATUS_FAILED = 'the status could not be read';

/** Asks the Swarm itself, through the document stack-status. */
export async function readStatus(context: Context, isQuiet = false): Promise<StackStatus> {
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-status', STATUS_FAILED);
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const title = isQuiet ? undefined : 'asking a manager';
  const state = await runOnManager(context, connection, 'stack-status', title, timeoutSeconds).catch(
    async (error: Error) => {
      throw (await withLostManager(context, connection.region, error.message)) ?? error;
    },
  );
  if (!state.succeeded) {
    const why = explainFailure(state, connection.region);
    throw (
      (await withLostManager(context, connection.region, why)) ??
      new CliError(STATUS_FAILED, why, [DEPLOY], 'document-failed')
    );
  }
  return parseStackStatus(state.invocations[0]!.stdout);
}

/** The cause, where no manager speaks for the Swarm because the volume of the first one is lost: an instance without it is online. */
async function withLostManager(context: Context, region: string, why: string): Promise<CliError | undefined> {
  const [lost] = await slotsWithoutVolume(context, region, [FIRST_MANAGER]).catch(() => []);
  if (lost === undefined) return undefined;
  return new CliError(
    STATUS_FAILED,
    `${lost} has no volume any more; ${why}`,
    [`${DEPLOY}    # ${SAYS}`],
    'volume-lost',
  );
}

const DEPLOY = './bin/metals deploy';
const SAYS = 'says what was on it, and how to go on';

/** Of the nodes that are away, those that cannot come back by themselves. */
async function findLostVolumes(context: Context, { nodes }: StackStatus): Promise<string[]> {
  const away = nodes.flatMap(({ state, slot }) => (state === 'ready' || slot === null ? [] : [slot]));
  // Only then, as it takes time.
  if (away.length === 0) return [];
  const { region } = await connect(context);
  try {
    const lost = await slotsWithoutVolume(context, region, away);
    return lost.map((slot) => `node ${slot} does not come back, as it has no volume any more; this ${SAYS}: ${DEPLOY}`);
  } catch (error) {
    if (context.interrupted.aborted) throw error;
    // What the Swarm has said is not thrown away for that.
    return [`whether the volumes of ${away.join(', ')} are still there is not known: ${(error as Error).message}`];
  }
}

/** The table on stdout, what is wrong on stderr. */
export function showStatus(
  { terminal }: Context,
  status: StackStatus,
  problems: readonly string[],
  { notes, deployment, use }: Pick<Seen, 'notes' | 'deployment' | 'use'> = { notes: [], deployment: null, use: [] },
): void {
  terminal.data(drawTable(statusRows(status, use), terminal.colors));
  terminal.note(`stage ${status.stage}, overlay encryption ${status.overlay_encryption}, as of ${status.generated_at}`);
  const quorum = quorumLine(status);
  if (quorum !== undefined) terminal.note(quorum);
  if (deployment !== null) terminal.note(deploymentLine(deployment));
  for (const note of notes) terminal.note(terminal.noteColors.yellow(`note: ${note}`));
  for (const problem of problems) terminal.note(terminal.noteColors.red(`unhealthy: ${problem}`));
}

/** What may still come right by itself. What the Swarm has said is not thrown away where it is not known. */
async function findNotes(context: Context): Promise<readonly string[]> {
  const { region } = await connect(context);
  const or = (what: string, read: typeof raisedAlarms): Promise<readonly string[]> =>
    read(context, region).catch((error: Error) => {
      if (context.interrupted.aborted) throw error;
      return [`whether ${what} is not known: ${error.message}`];
    });
  const found = await Promise.all([
    or('associations have failed', failedAssociations),
    or('alarms are raised', raisedAlarms),
  ]);
  return found.flat();
}

const deploymentLine = ({ at, outcome, version }: Change): string =>
  `last deployed ${at.slice(0, 19).replace('T', ' ')} UTC: ${outcome}${version === null ? '' : `, version ${version}`}`;

const deploymentValue = ({ at, outcome, bundle, version, by, commandId }: Change): Record<string, unknown> => ({
  ...{ at, outcome, bundle, version, by, command_id: commandId },
});

/** Null where none is remembered, or where it may not be seen: the Swarm tells what runs. */
async function findDeployment(context: Context): Promise<Change | null> {
  try {
    return (await newestDeployment((await connect(context)).ssm, context.stage)) ?? null;
  } catch (error) {
    if (context.interrupted.aborted) throw error;
    return null;
  }
}

/** None where it may not be asked, or where an older deployment has no document for it. */
async function findUse(
  context: Context,
  isEnough: () => boolean,
): Promise<{ readonly use: readonly TaskUse[]; readonly unknown: readonly string[] }> {
  try {
    return { use: await readTaskUse(context, await connect(context), isEnough), unknown: [] };
  } catch (error) {
    if (context.interrupted.aborted) throw error;
    const { name, message } = error as Error;
    const isExpected = isRefusal(error) || name === 'InvalidDocument';
    return { use: [], unknown: isExpected ? [] : [`what tasks use is not known: ${message}`] };
  }
}

export interface StatusOptions {
  readonly watch?: boolean;
}

interface Seen {
  readonly status: StackStatus;
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  readonly deployment: Change | null;
  readonly use: readonly TaskUse[];
}

/** All of it, with the commands that help as this user would type them. */
async function look(context: Context, isQuiet = false): Promise<Seen> {
  // Side by side; whatever the Swarm says comes first.
  let enoughAtMs = Infinity;
  const beside = Promise.all([
    findNotes(context),
    findDeployment(context),
    findUse(context, () => Date.now() > enoughAtMs),
  ]);
  beside.catch(() => undefined);
  const status = await readStatus(context, isQuiet);
  enoughAtMs = Date.now() + USE_PATIENCE_MS;
  context.leaveBehind = [];
  const lost = await findLostVolumes(context, status);
  const problems = [...lost, ...findProblems(status)].map((problem) => completeCommands(problem, context.given));
  const [told, deployment, { use, unknown }] = await beside;
  const notes = [...reminders(status), ...[...told, ...unknown].map(visible)];
  return { status, problems, notes: notes.map((note) => completeCommands(note, context.given)), deployment, use };
}

/** `metals status`: nodes and services in one table; exit code 3 when something is not as it should be. */
export async function status(
  context: Context,
  { watch: again }: StatusOptions = {},
  pauseMs = WATCH_PAUSE_MS,
): Promise<number> {
  const { terminal } = context;
  if (again && terminal.json)
    throw new CliError(
      STATUS_FAILED,
      '--json prints one value, and --watch has no end',
      ['leave out one of them'],
      'usage',
    );
  const seen = await look(context);
  const code = seen.problems.length === 0 ? EXIT.ok : EXIT.unhealthy;
  if (terminal.json)
    terminal.value({
      ...seen.status,
      healthy: code === EXIT.ok,
      problems: seen.problems,
      notes: seen.notes,
      last_deployment: seen.deployment && deploymentValue(seen.deployment),
      use: seen.use,
    });
  else if (again) await watch(context, seen, pauseMs);
  else showStatus(context, seen.status, seen.problems, seen);
  return code;
}

/** Until Ctrl-C, or until nobody reads any more. While nobody can be asked it says why, and asks again. */
async function watch(context: Context, first: Seen, pauseMs: number): Promise<void> {
  const { terminal, interrupted } = context;
  let next: Seen | CliError = first;
  while (!interrupted.aborted && !terminal.isClosed) {
    terminal.newScreen();
    if (next instanceof CliError) tellError(terminal, next);
    else showStatus(context, next.status, next.problems, next);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    next = await look(context, true).catch((error: unknown) => {
      const { region, profile, endpoint, given } = context;
      const told = explainError(error, { what: STATUS_FAILED, region, profile, endpoint });
      return told.withNext(told.next.map((line) => completeCommands(line, given)));
    });
  }
}

export const verb: Verb<StatusOptions> = { failure: STATUS_FAILED, run: status };

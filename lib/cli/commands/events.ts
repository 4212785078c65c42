import { EXIT } from '../../contract';
import { explainFailure } from '../../ssm';
import type { Context } from '../context';
import { visible } from '../../safe-text';
import { durationProblem, parseDurationSeconds } from '../duration';
import { CliError, explainError } from '../errors';
import {
  eventOf,
  eventText,
  identityOf,
  merged,
  parseEvents,
  type SwarmEvent,
  type SwarmEvents,
} from '../swarm-events';
import { assertDeployed, connect, runOnManager, type Connection } from '../systems-manager';
import type { Verb } from '../verbs/verb';
import { readHistory } from './history';

export const EVENTS_FAILED = 'the events could not be read';
const DEFAULT_SINCE = '1h';
/** Where --follow begins. */
const FOLLOW_SINCE = '1m';
/** As the document takes it; Docker remembers less. */
const LONGEST_SECONDS = 30 * 24 * 3600;
const DEFAULT_TIMEOUT_SECONDS = 60;
/** Between two looks of --follow. */
const PAUSE_MS = 2_000;
/** Clocks and answers that come late. */
const OVERLAP_SECONDS = 30;
/** Longer than what is asked for again. */
const REMEMBERED_MS = 3_600_000;
/** What Systems Manager remembers is asked for less often: that takes several calls. */
const LOOKS_PER_HISTORY = 8;

export interface EventsOptions {
  readonly follow?: boolean;
  readonly since?: string;
}

/** `metals events`: what has changed, oldest first: tasks, nodes, services, deployments. */
export async function events(
  context: Context,
  { follow = false, since = follow ? FOLLOW_SINCE : DEFAULT_SINCE }: EventsOptions,
  pauseMs = PAUSE_MS,
): Promise<number> {
  const { terminal, stage } = context;
  const usage = (why: string, next: string): CliError => new CliError(EVENTS_FAILED, why, [next], 'usage');
  const seconds = parseDurationSeconds(since, LONGEST_SECONDS);
  if (seconds === undefined) throw usage(durationProblem('--since', since, LONGEST_SECONDS), 'add --since 1h');
  if (follow && terminal.json) throw usage('--json prints one value, and --follow has no end', 'leave out one of them');
  const connection = await connect(context);
  await assertDeployed(context, connection, 'swarm-events', EVENTS_FAILED);
  const { left_out: leftOut, events: all, note } = await readEvents(context, connection, seconds, 'asking a manager');
  if (terminal.json) terminal.value({ stage, left_out: leftOut, events: all });
  else {
    show(context, all);
    if (leftOut > 0) terminal.note(`${leftOut} older ones found no room`);
    if (note !== undefined) terminal.note(terminal.noteColors.yellow(`note: ${note}`));
    if (all.length === 0 && !follow) terminal.note(`nothing has changed in the last ${since}`);
  }
  if (follow) await goOn(context, connection, all, pauseMs);
  return EXIT.ok;
}

/** What the Swarm remembers, and beside it, where that may be seen, what Systems Manager does. */
export async function readEvents(
  context: Context,
  connection: Connection,
  seconds: number,
  title?: string,
): Promise<{ readonly left_out: number; readonly events: readonly SwarmEvent[]; readonly note?: string }> {
  const [swarm, documents] = await Promise.all([
    askSwarm(context, connection, seconds, title),
    ranDocuments(context, connection, seconds).catch((error: unknown) => {
      if (context.interrupted.aborted) throw error;
      return explain(context, error);
    }),
  ]);
  return documents instanceof CliError
    ? { left_out: swarm.leftOut, events: swarm.events, note: `without deployments: ${visible(documents.why)}` }
    : { left_out: swarm.leftOut, events: merged(swarm.events, documents) };
}

const explain = ({ region, profile, endpoint }: Context, error: unknown): CliError =>
  explainError(error, { what: EVENTS_FAILED, region, profile, endpoint });

async function askSwarm(
  context: Context,
  connection: Connection,
  seconds: number,
  title?: string,
): Promise<SwarmEvents> {
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const state = await runOnManager(context, connection, 'swarm-events', title, timeoutSeconds, {
    Since: String(seconds),
  });
  if (!state.succeeded)
    throw new CliError(
      EVENTS_FAILED,
      explainFailure(state, connection.region),
      ['./bin/metals status'],
      'document-failed',
    );
  return parseEvents(state.invocations[0]!.stdout, EVENTS_FAILED);
}

async function ranDocuments(context: Context, connection: Connection, seconds: number): Promise<SwarmEvent[]> {
  const from = new Date(Date.now() - seconds * 1000).toISOString();
  const { told } = await readHistory(context, connection, undefined, from);
  return told.map((change) => eventOf({ ...change, detail: [change.detail, change.error].filter(Boolean).join('; ') }));
}

function show({ terminal }: Context, shown: readonly SwarmEvent[]): void {
  for (const one of shown) terminal.data(eventText(one, terminal.colors));
}

/** Until Ctrl-C, or until nobody reads any more. While nobody can be asked it says why once, and asks again. */
async function goOn(
  context: Context,
  connection: Connection,
  first: readonly SwarmEvent[],
  pauseMs: number,
): Promise<void> {
  const { terminal, interrupted } = context;
  const seen = new Map(first.map((one) => [identityOf(one), one.at]));
  let askedAtMs = Date.now();
  let told: string | undefined;
  for (let look = 1; !interrupted.aborted && !terminal.isClosed; look++) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    const seconds = Math.ceil((Date.now() - askedAtMs) / 1000) + OVERLAP_SECONDS;
    try {
      const began = Date.now();
      const [swarm, documents] = await Promise.all([
        askSwarm(context, connection, seconds),
        look % LOOKS_PER_HISTORY === 0
          ? ranDocuments(context, connection, seconds + LOOKS_PER_HISTORY * OVERLAP_SECONDS)
          : [],
      ]);
      askedAtMs = began;
      told = undefined;
      const fresh = merged(swarm.events, documents).filter((one) => !seen.has(identityOf(one)));
      for (const one of fresh) seen.set(identityOf(one), one.at);
      const oldest = new Date(Date.now() - REMEMBERED_MS).toISOString();
      for (const [identity, at] of seen) if (at < oldest) seen.delete(identity);
      show(context, fresh);
    } catch (error) {
      if (interrupted.aborted) return;
      const why = visible(explain(context, error).why);
      if (why !== told) terminal.note(terminal.noteColors.yellow(`note: ${why}; asking again`));
      told = why;
    }
  }
}

export const verb: Verb<EventsOptions> = { failure: EVENTS_FAILED, run: events };

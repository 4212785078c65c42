import { EXIT, SLOT_PATTERN } from '../../contract';
import { explainFailure } from '../../ssm';
import type { Context } from '../context';
import { durationProblem, parseDurationSeconds } from '../duration';
import { CliError, explainError } from '../errors';
import { followLogs } from '../follow-logs';
import { lineCount, lineCountProblem } from '../line-count';
import { lineText, parseLogs, type LogLine, type Logs } from '../log-lines';
import { completeCommands } from '../next-command';
import { assertDeployed, connect, runOnInstance, runOnManager, type Connection } from '../systems-manager';
import type { Verb } from '../verbs/verb';

export const LOGS_FAILED = 'the logs could not be read';
const NOT_READ = 'the logs were not read';
const DEFAULT_TIMEOUT_SECONDS = 120;
/** Then --follow looks for another manager. */
const FOLLOW_TIMEOUT_SECONDS = 30;
const DEFAULT_SINCE = '15m';
/** Where --follow begins. */
const FOLLOW_SINCE = '10s';
const DEFAULT_LINES = 200;
const MOST_LINES = 9_999;
const LONGEST_SECONDS = 366 * 24 * 3600;
const LEVELS = ['warn', 'error'] as const;

export interface LogsOptions {
  readonly services: readonly string[];
  readonly follow?: boolean;
  readonly since?: string;
  readonly lines?: string;
  readonly grep?: string;
  readonly node?: string;
  readonly level?: string;
}

/** `metals logs`: of all tasks in the order of time, those that have ended included. */
export async function logs(context: Context, options: LogsOptions): Promise<number> {
  const { terminal } = context;
  const parameters = logParameters(options);
  if (options.follow && terminal.json)
    throw new CliError(
      NOT_READ,
      '--json prints one value, and --follow has no end',
      ['leave out one of them'],
      'usage',
    );
  const connection = await connect(context);
  await assertDeployed(context, connection, 'service-logs', LOGS_FAILED);
  const { manager, answer } = await readLogs(context, connection, parameters, { title: 'reading logs on a manager' });
  if (terminal.json) terminal.value(asJson(context.stage, answer));
  else {
    show(context, answer.lines);
    tell(context, answer, options);
  }
  if (options.follow) await follow(context, connection, parameters, manager, answer);
  return EXIT.ok;
}

/** Pure: what was typed, as the document takes it. @throws CliError (usage) */
export function logParameters(options: LogsOptions): Record<string, string> {
  const { services, follow = false, since = follow ? FOLLOW_SINCE : DEFAULT_SINCE, lines, grep, node, level } = options;
  const usage = (why: string, next: string): CliError => new CliError(NOT_READ, why, [next], 'usage');
  const odd = services.find((service) => !/^[a-z][a-z0-9-]{0,31}$/.test(service));
  if (odd !== undefined) throw usage(`"${odd}" is no name of a service`, './bin/metals logs producer processor');
  if (services.length > 20) throw usage(`got ${services.length} services, expected at most 20`, './bin/metals logs');
  const seconds = parseDurationSeconds(since, LONGEST_SECONDS);
  if (seconds === undefined) throw usage(durationProblem('--since', since, LONGEST_SECONDS), 'add --since 1h');
  const count = lineCount(lines, DEFAULT_LINES, MOST_LINES);
  if (count === undefined) throw usage(lineCountProblem(lines, MOST_LINES), 'add --lines 500');
  if (node !== undefined && !SLOT_PATTERN.test(node))
    throw usage(`--node: got "${node}", expected a slot such as worker-1`, 'add --node worker-1');
  if (level !== undefined && !LEVELS.some((known) => known === level))
    throw usage(`--level: got "${level}", expected one of ${LEVELS.join(', ')}`, 'add --level warn');
  const size = Buffer.byteLength(grep ?? '');
  if (grep !== undefined && (size < 1 || size > 300))
    throw usage(`--grep: got ${size} bytes, expected 1 to 300`, 'add --grep "time-out|refused"');
  return {
    Services: services.length > 0 ? [...new Set(services)].join(',') : 'all',
    Since: String(seconds),
    Lines: String(count),
    Level: level ?? 'all',
    Grep: grep === undefined ? 'none' : Buffer.from(grep).toString('base64'),
    Node: node ?? 'all',
  };
}

interface Reading {
  /** Missing: nothing is shown meanwhile, as another manager is asked before long; null: nothing is shown. */
  readonly title?: string | null;
  /** Missing: any that can speak for the Swarm. */
  readonly manager?: string;
}

export async function readLogs(
  context: Context,
  connection: Connection,
  parameters: Readonly<Record<string, string>>,
  { title, manager }: Reading,
): Promise<{ readonly manager: string; readonly answer: Logs }> {
  const timeoutSeconds =
    title === undefined ? FOLLOW_TIMEOUT_SECONDS : (context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS);
  const shown = title ?? undefined;
  const command = { id: 'service-logs', title: shown, timeoutSeconds, parameters } as const;
  const state =
    manager === undefined
      ? await runOnManager(context, connection, command.id, shown, timeoutSeconds, parameters)
      : await runOnInstance(context, connection, manager, command);
  const [invocation] = state.invocations;
  if (!state.succeeded || invocation === undefined) {
    const why = explainFailure(state, connection.region);
    throw new CliError(LOGS_FAILED, why, ['./bin/metals status'], 'document-failed');
  }
  return { manager: invocation.instanceId, answer: parseLogs(invocation.stdout, LOGS_FAILED) };
}

function show({ terminal }: Context, lines: readonly LogLine[]): void {
  for (const line of lines) terminal.data(lineText(line, terminal.colors));
}

/** What is missing, and how to see it. */
function tell({ terminal, given }: Context, answer: Logs, { follow: goesOn, grep, level }: LogsOptions): void {
  const { lines, leftOut, hasMore, searched, remarks } = answer;
  for (const remark of remarks) terminal.note(terminal.noteColors.yellow(`note: ${remark}`));
  if (hasMore && (grep ?? level) !== undefined)
    terminal.note(
      `only the newest ${searched} lines of each task were searched: a shorter --since, or --node, searches others`,
    );
  else if (hasMore || leftOut > 0)
    terminal.note(
      `${hasMore ? 'at least ' : ''}${leftOut} older lines are left out: name services, or add --grep, --level, --node or a shorter --since`,
    );
  if (lines.length === 0 && !goesOn && !hasMore)
    terminal.note(completeCommands('no such line; a longer time: ./bin/metals logs --since 24h', given));
}

/** Until Ctrl-C, or until nobody reads any more. A manager that goes away is no end: another one is asked. */
async function follow(
  context: Context,
  connection: Connection,
  parameters: Readonly<Record<string, string>>,
  firstManager: string,
  first: Logs,
): Promise<void> {
  const { terminal, interrupted } = context;
  let manager: string | undefined = firstManager;
  const read = async (since: string): Promise<Logs> => {
    const again = { ...parameters, Since: since, Lines: String(MOST_LINES) };
    try {
      const found = await readLogs(context, connection, again, { manager });
      manager = found.manager;
      return found.answer;
    } catch (error) {
      manager = undefined;
      const { region, profile, endpoint } = context;
      throw explainError(error, { what: LOGS_FAILED, region, profile, endpoint });
    }
  };
  await followLogs(first, read, {
    isOver: () => interrupted.aborted || terminal.isClosed,
    show: (lines) => show(context, lines),
    note: (text) => terminal.note(terminal.noteColors.yellow(`note: ${text}`)),
  });
}

const asJson = (stage: string, { lines, leftOut, hasMore, remarks }: Logs): Record<string, unknown> => ({
  stage,
  left_out: leftOut,
  more: hasMore,
  remarks,
  lines: lines.map(({ at, service, replica, taskId, node, text }) => ({
    ...{ at, service, replica, task_id: taskId, node, text },
  })),
});

export const verb: Verb<LogsOptions> = { failure: LOGS_FAILED, run: logs };

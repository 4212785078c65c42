import { EXIT } from '../../contract';
import { explainFailure } from '../../ssm';
import type { Context } from '../context';
import { parseDurationSeconds } from '../duration';
import { CliError } from '../errors';
import { identityOf, lineText, parseLogs, secondsBefore, type LogLine, type Logs } from '../log-lines';
import { completeCommands } from '../next-command';
import { assertDeployed, connect, findManager, runOnInstance, type Connection } from '../systems-manager';
import type { Verb } from '../verbs/verb';

export const LOGS_FAILED = 'the logs could not be read';
const NOT_READ = 'the logs were not read';
const DEFAULT_TIMEOUT_SECONDS = 120;
const DEFAULT_SINCE = '15m';
/** Where --follow begins. */
const FOLLOW_SINCE = '10s';
const DEFAULT_LINES = 200;
const MOST_LINES = 9_999;
const LONGEST_SECONDS = 366 * 24 * 3600;
/** Between two questions of --follow. */
const PAUSE_MS = 1_000;
/** Nodes send their lines one later than the other: so much is asked for again. */
const OVERLAP_SECONDS = 2;
export const LEVELS = ['warn', 'error'] as const;

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
export async function logs(context: Context, options: LogsOptions, now = Date.now): Promise<number> {
  const { terminal } = context;
  const parameters = logParameters(options, now());
  if (options.follow && terminal.json)
    throw new CliError(
      NOT_READ,
      '--json prints one value, and --follow has no end',
      ['leave out one of them'],
      'usage',
    );
  const connection = await connect(context);
  await assertDeployed(context, connection, 'service-logs', LOGS_FAILED);
  const manager = await findManager(context, connection, context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS);
  const first = await readLogs(context, connection, manager, parameters, 'reading logs on a manager');
  if (terminal.json) {
    terminal.value({
      stage: context.stage,
      left_out: first.leftOut,
      remarks: first.remarks,
      lines: first.lines.map(asJson),
    });
    return EXIT.ok;
  }
  show(context, first.lines);
  tell(context, first, options);
  if (options.follow) await follow(context, connection, manager, parameters, first);
  return EXIT.ok;
}

/** Pure: what was typed, as the document takes it. @throws CliError (usage) */
export function logParameters(options: LogsOptions, nowMs: number): Record<string, string> {
  const { services, follow = false, since = follow ? FOLLOW_SINCE : DEFAULT_SINCE, lines, grep, node, level } = options;
  const usage = (why: string, next: string): CliError => new CliError(NOT_READ, why, [next], 'usage');
  const odd = services.find((service) => !/^[a-z][a-z0-9-]{0,31}$/.test(service));
  if (odd !== undefined) throw usage(`"${odd}" is no name of a service`, './bin/metals logs producer processor');
  if (services.length > 20) throw usage(`got ${services.length} services, expected at most 20`, './bin/metals logs');
  const seconds = parseDurationSeconds(since);
  if (seconds === undefined || seconds > LONGEST_SECONDS)
    throw usage(`--since: got "${since}", expected a duration such as 90s, 15m or 24h`, 'add --since 1h');
  const count = lines === undefined ? DEFAULT_LINES : /^\d{1,5}$/.test(lines) ? Number(lines) : 0;
  if (count < 1 || count > MOST_LINES)
    throw usage(`--lines: got "${lines}", expected a number from 1 to ${MOST_LINES}`, 'add --lines 500');
  if (node !== undefined && !/^(manager|worker)-[1-9][0-9]?$/.test(node))
    throw usage(`--node: got "${node}", expected a slot such as worker-1`, 'add --node worker-1');
  if (level !== undefined && !LEVELS.some((known) => known === level))
    throw usage(`--level: got "${level}", expected one of ${LEVELS.join(', ')}`, 'add --level warn');
  const size = Buffer.byteLength(grep ?? '');
  if (grep !== undefined && (size < 1 || size > 300))
    throw usage(`--grep: got ${size} bytes, expected 1 to 300`, 'add --grep "time-out|refused"');
  return {
    Services: services.length > 0 ? [...new Set(services)].join(',') : 'all',
    Since: secondsBefore(nowMs, seconds),
    Lines: String(count),
    Level: level ?? 'all',
    Grep: grep === undefined ? 'none' : inBase64(grep),
    Node: node ?? 'all',
  };
}

/** The document takes four characters or more, which base64 always has. */
const inBase64 = (text: string): string => Buffer.from(text).toString('base64');

async function readLogs(
  context: Context,
  connection: Connection,
  manager: string,
  parameters: Readonly<Record<string, string>>,
  title?: string,
): Promise<Logs> {
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const command = { id: 'service-logs', title, timeoutSeconds, parameters } as const;
  const state = await runOnInstance(context, connection, manager, command);
  context.leaveBehind = [];
  if (state.succeeded) return parseLogs(state.invocations[0]!.stdout, LOGS_FAILED);
  const why = explainFailure(state, connection.region);
  throw new CliError(LOGS_FAILED, why, ['./bin/metals status'], 'document-failed');
}

function show({ terminal }: Context, lines: readonly LogLine[]): void {
  for (const line of lines) terminal.data(lineText(line, terminal.colors));
}

/** What is missing, and how to see it. */
function tell({ terminal, given }: Context, { lines, leftOut, remarks }: Logs, options: LogsOptions): void {
  for (const remark of remarks) terminal.note(terminal.noteColors.yellow(`note: ${remark}`));
  if (leftOut > 0)
    terminal.note(
      `${leftOut} older lines are left out: name services, or add --grep, --level, --node or a shorter --since`,
    );
  if (lines.length === 0 && !options.follow)
    terminal.note(completeCommands('no such line; a longer time: ./bin/metals logs --since 24h', given));
}

/** Until Ctrl-C, or until nobody reads any more. */
async function follow(
  context: Context,
  connection: Connection,
  manager: string,
  parameters: Readonly<Record<string, string>>,
  first: Logs,
): Promise<void> {
  const { terminal, interrupted } = context;
  let seen = new Set(first.lines.map(identityOf));
  let lastAt = lastOf(first.lines) ?? parameters.Since!;
  while (!interrupted.aborted && !terminal.isClosed) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const Since = secondsBefore(Date.parse(lastAt), OVERLAP_SECONDS);
    const again = { ...parameters, Since, Lines: String(MOST_LINES) };
    const { lines, leftOut } = await readLogs(context, connection, manager, again);
    // Not where only lines are left out that have been shown.
    if (leftOut > 0 && lines[0]!.at > lastAt)
      terminal.note('lines come faster than they can be shown: some are left out; name services, or add --grep');
    show(
      context,
      lines.filter((line) => !seen.has(identityOf(line))),
    );
    // Those alone that the next answer may repeat.
    seen = new Set(lines.map(identityOf));
    lastAt = lastOf(lines) ?? lastAt;
  }
}

const lastOf = (lines: readonly LogLine[]): string | undefined => lines.at(-1)?.at;

const asJson = ({ at, service, replica, taskId, node, text }: LogLine): Record<string, unknown> => ({
  at,
  service,
  replica,
  task_id: taskId,
  node,
  text,
});

export const verb: Verb<LogsOptions> = { failure: LOGS_FAILED, run: logs };

import { GetCommandInvocationCommand, type Command, type SSMClient } from '@aws-sdk/client-ssm';
import { EXIT } from '../../contract';
import { isThrottled } from '../../ssm';
import { visible } from '../../safe-text';
import type { Context } from '../context';
import { formatSeconds } from '../duration';
import { CliError } from '../errors';
import { lineCount, lineCountProblem } from '../line-count';
import { changesOf, CHANGING_DOCUMENTS, type Change } from '../history';
import { completeCommands } from '../next-command';
import { sentCommands } from '../sent-commands';
import { assertDeployed, connect, type Connection } from '../systems-manager';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

export const HISTORY_FAILED = 'the history could not be read';
const DEFAULT_LINES = 20;
const MOST_LINES = 200;
/** Of calls that Systems Manager may refuse for their rate; what it refuses is left out. */
const AT_ONCE = 5;
/** For so long Systems Manager keeps commands [Run Command: command history]. */
const KEPT_DAYS = 30;

export interface HistoryOptions {
  readonly lines?: string;
}

interface Told extends Change {
  readonly seconds: number | null;
  /** Of one that failed, the cause. */
  readonly error: string | null;
}

/** `metals history`: what has changed the Swarm in the last 30 days, out of what Systems Manager keeps. */
export async function history(context: Context, { lines }: HistoryOptions): Promise<number> {
  const { terminal, stage } = context;
  const most = lineCount(lines, DEFAULT_LINES, MOST_LINES);
  if (most === undefined)
    throw new CliError(HISTORY_FAILED, lineCountProblem(lines, MOST_LINES), ['add --lines 50'], 'usage');
  const { told, more } = await readHistory(context, await connect(context), most);
  if (terminal.json) terminal.value(historyValue(stage, told, more));
  else report(context, told, more);
  return EXIT.ok;
}

/** The newest ones, and how many older ones there are. */
export async function readHistory(
  context: Context,
  connection: Connection,
  most = MOST_LINES,
  /** Only those of then or later, as ISO 8601. */
  from = '',
): Promise<{ readonly told: readonly Told[]; readonly more: number }> {
  await assertDeployed(context, connection, 'stack-deploy', HISTORY_FAILED);
  const { ssm } = connection;
  const commands: Command[] = [];
  for (const id of CHANGING_DOCUMENTS) commands.push(...(await sentCommands(ssm, context.stage, id)));
  const changes = changesOf(commands, context.stage);
  const shown = changes.filter(({ at }) => at >= from).slice(0, most);
  const told: Told[] = [];
  for (let from = 0; from < shown.length; from += AT_ONCE)
    told.push(...(await Promise.all(shown.slice(from, from + AT_ONCE).map((change) => tell(ssm, change)))));
  return { told, more: changes.length - told.length };
}

/** As --json prints it. */
export const historyValue = (stage: string, told: readonly Told[], more: number): Record<string, unknown> => ({
  ...{ stage, kept_days: KEPT_DAYS, more, changes: told.map(asJson) },
});

/** How long it took, and why it failed. */
async function tell(ssm: SSMClient, change: Change): Promise<Told> {
  if (change.instance === null) return { ...change, seconds: null, error: null };
  const reply = await ssm
    .send(new GetCommandInvocationCommand({ CommandId: change.commandId, InstanceId: change.instance }))
    .catch((error: Error) => {
      // Of a node that never took it there is nothing.
      if (error.name === 'InvocationDoesNotExist' || isThrottled(error)) return undefined;
      throw error;
    });
  const [began, ended] = [reply?.ExecutionStartDateTime, reply?.ExecutionEndDateTime].map((text) =>
    text ? Date.parse(text) : undefined,
  );
  return {
    ...change,
    seconds: began === undefined || ended === undefined ? null : (ended - began) / 1000,
    error: change.outcome === 'succeeded' ? null : (causeIn(reply?.StandardErrorContent ?? '') ?? null),
  };
}

/** Pure: the line that says what failed. */
export const causeIn = (stderr: string): string | undefined => /^error: (.+)$/m.exec(stderr)?.[1];

function report({ terminal, given, isLab }: Context, changes: readonly Told[], more: number): void {
  if (changes.length === 0) {
    terminal.note(`nothing has been changed in the last ${KEPT_DAYS} days; Systems Manager keeps no more`);
    return;
  }
  const rows = changes.map(({ at, document, version, by, outcome, seconds, detail, error }) => [
    at.slice(0, 19).replace('T', ' '),
    document,
    version ?? '',
    by,
    outcome,
    seconds === null ? '' : formatSeconds(seconds),
    visible(error === null ? detail : `${detail}${detail && ': '}${error}`),
  ]);
  terminal.data(
    drawTable([['UTC', 'document', 'version', 'sent by', 'outcome', 'took', 'what'], ...rows], terminal.colors),
  );
  if (more > 0)
    terminal.note(`${more} older ones are left out: add --lines ${Math.min(MOST_LINES, changes.length + more)}`);
  const failed = changes.find(({ outcome }) => outcome !== 'succeeded' && outcome !== 'under way');
  if (failed)
    terminal.note(
      completeCommands(
        `all of what the newest failure said: aws ssm get-command-invocation --command-id ${failed.commandId} --instance-id ${failed.instance}`,
        given,
      ),
    );
  if (!isLab)
    terminal.note(
      completeCommands(
        'who started a deployment is known to CloudTrail: aws cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=ExecuteChangeSet',
        given,
      ),
    );
}

const asJson = ({ commandId, ...rest }: Told): Record<string, unknown> => ({ ...rest, command_id: commandId });

export const verb: Verb<HistoryOptions> = { failure: HISTORY_FAILED, run: history };

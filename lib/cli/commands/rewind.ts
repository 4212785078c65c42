import { EXIT, TOPIC } from '../../contract';
import { askManager } from '../ask-manager';
import { confirmOnTerminal, type Confirm } from '../confirm';
import type { Context } from '../context';
import { durationProblem, parseDurationSeconds } from '../duration';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { rewindAnswer, type RewindAnswer } from '../rewind-answer';
import { assertDeployed, connect, type Connection } from '../systems-manager';
import { drawTable } from '../table';
import type { Verb } from '../verbs/verb';

export const REWIND_FAILED = 'the rewind has not ended as it should';
const NOT_BEGUN = 'the rewind was not begun';
const DEFAULT_TIMEOUT_SECONDS = 900;
const STATUS = './bin/metals status';
/** Kafka keeps no event so long; a moment before the year 2000 is no parameter of the document. */
const LONGEST_SECONDS = 10 * 366 * 86_400;

export interface RewindOptions {
  readonly since?: string;
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/**
 * `metals rewind`: the processors read events again that Kafka still has, so that stored prices which were lost come back. They
 * stand still while that is set; intake goes on.
 */
export async function rewind(
  context: Context,
  options: RewindOptions,
  confirm: Confirm = confirmOnTerminal,
): Promise<number> {
  const { terminal } = context;
  const since = sinceParameter(options, Date.now());
  if (!options.yes && !options.dryRun && !terminal.interactive)
    throw new CliError(
      NOT_BEGUN,
      'it asks before it stops the processors, and nobody can answer here: stdin is not a terminal',
      ['add --yes to go on without being asked, or --dry-run to see how many events it would be'],
      'unconfirmed',
    );
  const connection = await connect(context);
  await assertDeployed(context, connection, 'events-rewind', NOT_BEGUN);
  const ask = (title: string, dryRun: boolean) => run(context, connection, title, since, dryRun);
  const plan = await ask('counting events on a manager', true);
  if (plan.standstill)
    terminal.note('the processors stand still since a rewind that was cut off; this one starts them again');
  // One that was cut off has to be ended, whatever is left to read.
  if (options.dryRun || (plan.records === 0 && !plan.standstill)) return report(context, plan);
  terminal.note(
    `${inWords(plan.records)} of ${TOPIC.prices} are read again; those that are stored stay as they are. ` +
      'The processors stand still for some 20 s; nothing that is accepted meanwhile is lost',
  );
  if (!options.yes && !(await confirm('rewind?', context.interrupted)))
    throw new CliError(NOT_BEGUN, 'the answer was not yes: nothing was changed', [STATUS], 'declined');
  return report(context, await ask('setting the processors back on a manager', false));
}

/** Pure: what was typed, as the document takes it. @throws CliError (usage) */
export function sinceParameter({ since, all }: RewindOptions, nowMs: number): string {
  const usage = (why: string): CliError => new CliError(NOT_BEGUN, why, ['./bin/metals rewind --help'], 'usage');
  if (all && since !== undefined) throw usage(`it takes one of --since and --all: got --since ${since} and --all`);
  if (all) return 'all';
  if (since === undefined) throw usage('needs --since or --all; got neither');
  const seconds = parseDurationSeconds(since, LONGEST_SECONDS);
  if (seconds === undefined) throw usage(durationProblem('--since', since, LONGEST_SECONDS));
  return new Date(nowMs - seconds * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
}

async function run(
  context: Context,
  connection: Connection,
  title: string,
  since: string,
  dryRun: boolean,
): Promise<RewindAnswer> {
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const parameters = { Since: since, DryRun: String(dryRun) };
  return askManager(context, connection, {
    ...({ document: 'events-rewind', title, parameters, timeoutSeconds } as const),
    ...{ answer: rewindAnswer, failure: REWIND_FAILED, next: STATUS },
  });
}

const inWords = (count: number): string => `${count.toLocaleString('en-US')} ${count === 1 ? 'event' : 'events'}`;

function report({ terminal, stage, given }: Context, answer: RewindAnswer): number {
  const { rewound, records, partitions, standstill } = answer;
  if (terminal.json) {
    terminal.value({
      ...{ stage, topic: TOPIC.prices, rewound, records, standstill },
      partitions: partitions.map(([partition, from, to]) => ({ partition, from: Number(from), to: Number(to) })),
    });
    return EXIT.ok;
  }
  if (records === 0) {
    terminal.note('there is nothing to read again: no event that was read is there any more, or none since then');
    return EXIT.ok;
  }
  const rows = partitions.map(([partition, from, to]) => [
    ...[String(partition), from, to, (BigInt(from) - BigInt(to)).toLocaleString('en-US')],
  ]);
  terminal.data(drawTable([['partition', 'read until', 'back to', 'events'], ...rows], terminal.colors));
  if (!rewound) terminal.note(`would read ${inWords(records)} again; nothing was changed`);
  else {
    terminal.note(`the processors read ${inWords(records)} again`);
    terminal.note(completeCommands(`next: ${STATUS}    # healthy once they have caught up`, given));
  }
  return EXIT.ok;
}

export const verb: Verb<RewindOptions> = { failure: REWIND_FAILED, run: rewind };

import { EXIT, TOPIC } from '../../contract';
import { confirmOnTerminal, type Confirm } from '../confirm';
import type { Context } from '../context';
import { answerError, endOf, openDeadLetters, type CallDeadLetters } from '../dead-letter-call';
import { replayParameters, type DeadLetterParameters, type ReplayOptions } from '../dead-letter-options';
import type { DeadLettersAnswer, ReasonCounts } from '../dead-letters';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { visible } from '../../safe-text';
import { drawTable } from '../table';
import { countText } from './dlq-list';
import type { Verb } from '../verbs/verb';

export const DLQ_REPLAY_FAILED = 'the dead letters were not replayed';
const LIST = './bin/metals dlq list';

type Sent = DeadLettersAnswer['sent'][number];
type Skipped = DeadLettersAnswer['skipped'][number];

/** What a replay would send; what comes after `to` is no part of it, or it would feed itself. */
interface Plan {
  readonly from: number;
  readonly to: number;
  readonly total: number;
  readonly byReason: ReasonCounts;
  readonly skippedCount: number;
  readonly skipped: readonly Skipped[];
}

interface Outcome {
  readonly sent: readonly Sent[];
  /** Larger than the topic takes. */
  readonly refused: readonly Skipped[];
  /** Why it ended before its end. */
  readonly error?: CliError;
}

/** `metals dlq replay`: sends records as they were to where they were; it deletes nothing. */
export async function dlqReplay(
  context: Context,
  options: ReplayOptions,
  confirm: Confirm = confirmOnTerminal,
): Promise<number> {
  const { terminal } = context;
  const selection = replayParameters(options);
  if (!options.yes && !options.dryRun && !terminal.interactive) {
    throw new CliError(
      DLQ_REPLAY_FAILED,
      'it asks before it sends, and nobody can answer here: stdin is not a terminal',
      ['add --yes to send without being asked, or --dry-run to see what would be sent'],
      'unconfirmed',
    );
  }
  const call = await openDeadLetters(context, DLQ_REPLAY_FAILED);
  const plan = await makePlan(call, selection);
  const [refused] = plan.skipped;
  if (refused && options.offsets.length > 0) {
    throw new CliError(
      DLQ_REPLAY_FAILED,
      `nothing was sent: the dead letter at offset ${refused[0]} cannot be replayed: ${visible(refused[1])}`,
      [`./bin/metals dlq show ${refused[0]}`],
      'refused',
    );
  }
  if (options.dryRun || plan.total === 0) return report(context, plan, { sent: [], refused: [] }, true);
  terminal.note(
    `${countText(plan.total, plan.byReason)} for ${TOPIC.prices}; one that fails again becomes a new dead letter`,
  );
  if (!options.yes && !(await confirm(`replay ${plan.total}?`, context.interrupted))) {
    throw new CliError(DLQ_REPLAY_FAILED, 'the answer was not yes: nothing was sent', [LIST], 'declined');
  }
  return report(context, plan, await send(call, selection, plan), false);
}

/** Counts page by page; nothing is sent. The first page says where the end is, and it stays there. */
async function makePlan(call: CallDeadLetters, selection: DeadLetterParameters): Promise<Plan> {
  let plan: Plan | undefined;
  let page: DeadLetterParameters = selection;
  for (;;) {
    const answer = await call('counting dead letters on a manager', { Action: 'replay', DryRun: 'true', ...page });
    const { from = 0, to = 0, total, by_reason, skipped, next } = endOf(answer, DLQ_REPLAY_FAILED);
    plan = {
      from: plan?.from ?? from,
      to: plan?.to ?? to,
      total: (plan?.total ?? 0) + total,
      byReason: addCounts(plan?.byReason ?? {}, by_reason),
      skippedCount: (plan?.skippedCount ?? 0) + skipped,
      skipped: [...(plan?.skipped ?? []), ...answer.skipped],
    };
    if (next === null) return plan;
    page = between(selection, next, plan.to);
  }
}

async function send(call: CallDeadLetters, selection: DeadLetterParameters, plan: Plan): Promise<Outcome> {
  const sent: Sent[] = [];
  const refused: Skipped[] = [];
  for (let from: number | null = plan.from; from !== null;) {
    const page = between(selection, from, plan.to);
    const title = `replaying ${plan.total - sent.length - refused.length} on a manager`;
    const answer: DeadLettersAnswer = await call(title, { Action: 'replay', DryRun: 'false', ...page });
    sent.push(...answer.sent);
    refused.push(...answer.refused);
    if (answer.error)
      return { sent, refused, error: answerError(`${sent.length} of ${plan.total} were replayed`, answer.error) };
    from = endOf(answer, DLQ_REPLAY_FAILED).next;
  }
  return { sent, refused };
}

/** The same letters as the first page, without a moment that moves while time goes on. */
function between(selection: DeadLetterParameters, from: number, to: number): DeadLetterParameters {
  const lasting = Object.entries(selection).filter(([name]) => name !== 'SinceSeconds');
  return { ...Object.fromEntries(lasting), From: String(from), Before: String(to) };
}

function addCounts(one: ReasonCounts, other: ReasonCounts): ReasonCounts {
  const sum = new Map(Object.entries(one));
  for (const [reason, count] of Object.entries(other)) sum.set(reason, (sum.get(reason) ?? 0) + count);
  return Object.fromEntries(sum);
}

function report(
  { terminal, stage, given }: Context,
  plan: Plan,
  { sent, refused, error }: Outcome,
  planOnly: boolean,
): number {
  const leftOut = plan.skippedCount + refused.length;
  const named = [...plan.skipped, ...refused];
  const incomplete = leftOut > 0;
  const exitCode = error?.exitCode ?? (incomplete ? EXIT.failure : EXIT.ok);
  if (terminal.json) {
    terminal.value({
      stage,
      topic: TOPIC.prices,
      dry_run: planOnly,
      selected: plan.total,
      by_reason: plan.byReason,
      sent: sent.map(([offset, partition, newOffset]) => ({ offset, partition, new_offset: newOffset })),
      skipped: leftOut,
      skipped_first: named.map(([offset, why]) => ({ offset, why })),
      ...(error && { error: error.withNext(error.next.map((line) => completeCommands(line, given))) }),
    });
    return exitCode;
  }
  if (sent.length > 0) terminal.data(drawTable(sentRows(sent), terminal.colors));
  for (const [offset, why] of named) terminal.note(`skipped ${offset}: ${visible(why)}`);
  if (incomplete) terminal.note(`${leftOut} cannot be replayed and were left out`);
  if (error) throw error;
  if (plan.total === 0) terminal.note('there is nothing to replay');
  else if (planOnly) terminal.note(`would replay ${countText(plan.total, plan.byReason)}; nothing was sent`);
  else {
    terminal.note(`replayed ${sent.length} of ${plan.total}`);
    terminal.note(completeCommands(`next: ${LIST}    # shows those that failed again`, given));
  }
  return exitCode;
}

const sentRows = (sent: readonly Sent[]): string[][] => [
  ['dead letter', 'sent to', 'partition', 'offset'],
  ...sent.map(([offset, partition, newOffset]) => [String(offset), TOPIC.prices, String(partition), String(newOffset)]),
];

export const verb: Verb<ReplayOptions> = { failure: DLQ_REPLAY_FAILED, run: dlqReplay };

/** Runs the document dead-letters on a manager. */
import { explainFailure } from '../ssm';
import type { Context } from './context';
import type { DeadLetterParameters } from './dead-letter-options';
import { parseDeadLetters, type DeadLettersAnswer } from './dead-letters';
import { CliError } from './errors';
import { visible } from '../safe-text';
import { assertDeployed, connect, runOnManager } from './systems-manager';

const DEFAULT_TIMEOUT_SECONDS = 300;
const STATUS = './bin/metals status';

/** One run of the document; an error of its own is part of the answer. */
export type CallDeadLetters = (title: string, parameters: DeadLetterParameters) => Promise<DeadLettersAnswer>;

/** @throws CliError when the stage has no such document */
export async function openDeadLetters(context: Context, what: string): Promise<CallDeadLetters> {
  const connection = await connect(context);
  await assertDeployed(context, connection, 'dead-letters', what);
  const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  return async (title, parameters) => {
    const state = await runOnManager(context, connection, 'dead-letters', title, timeoutSeconds, parameters);
    // This command is over; whoever interrupts from now on leaves nothing of it behind.
    context.leaveBehind = [];
    const stdout = state.invocations[0]?.stdout ?? '';
    // A failure that the tools explain has its own last line; any other has printed nothing.
    if (!state.succeeded && stdout.trim() === '') {
      throw new CliError(what, visibleLines(explainFailure(state, connection.region)), [STATUS], 'document-failed');
    }
    return parseDeadLetters(stdout, what);
  };
}

/** The error of an answer, as the user reads it. */
export const answerError = (what: string, { why, next, usage }: NonNullable<DeadLettersAnswer['error']>): CliError =>
  new CliError(what, visible(why), [visible(next)], usage ? 'usage' : 'failed');

/** @throws CliError when the answer is an error */
export function endOf(answer: DeadLettersAnswer, what: string): NonNullable<DeadLettersAnswer['end']> {
  if (answer.end) return answer.end;
  throw answerError(what, answer.error!);
}

const visibleLines = (text: string): string => text.split('\n').map(visible).join('\n');

/** One document on a manager, whose last line is its answer. */
import type { z } from 'zod';
import type { DocumentId } from '../contract';
import { explainFailure } from '../ssm';
import type { Context } from './context';
import { notAgreedOn } from './document-answer';
import { CliError } from './errors';
import { runOnManager, type Connection } from './systems-manager';

export interface Question<S extends z.ZodType> {
  readonly document: DocumentId;
  /** Undefined: nothing is shown meanwhile. */
  readonly title: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly answer: S;
  /** What has not happened where the document fails. */
  readonly failure: string;
  /** What to do then, unless the document says so. */
  readonly next: string;
}

/** @throws CliError when the document fails, or answers something else */
export async function askManager<S extends z.ZodType>(
  context: Context,
  connection: Connection,
  { document, title, parameters, timeoutSeconds, answer, failure, next }: Question<S>,
): Promise<z.infer<S>> {
  const state = await runOnManager(context, connection, document, title, timeoutSeconds, parameters);
  context.leaveBehind = [];
  if (!state.succeeded)
    throw new CliError(failure, explainFailure(state, connection.region), [next], 'document-failed');
  const line = state.invocations[0]!.stdout.split('\n').findLast((text) => text.startsWith('{')) ?? '';
  try {
    return answer.parse(JSON.parse(line));
  } catch (error) {
    throw notAgreedOn(failure, document, line, error);
  }
}

/** A document that waits for the Swarm says itself what is missing, so it must end before nobody waits for it any more. */
const DOCUMENT_SECONDS_MORE = 60;
/** Less than the documents that take TimeoutSeconds may run: document.yml. */
const LONGEST_SECONDS = 3_000;

/** For how long a document is to wait, as its parameter, and for how long its answer is waited for. */
export function waiting(
  { timeoutSeconds: typed }: Context,
  defaultSeconds: number,
): { readonly timeoutSeconds: number; readonly TimeoutSeconds: string } {
  const seconds = Math.min(typed ?? defaultSeconds, LONGEST_SECONDS);
  return { timeoutSeconds: seconds + DOCUMENT_SECONDS_MORE, TimeoutSeconds: String(seconds) };
}

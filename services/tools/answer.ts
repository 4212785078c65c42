/** Verbs whose standard output is their answer: one JSON line, whatever happens, because a document reads it there. */
import { parseArgs } from 'node:util';
import { errorText } from '../common/log';

const REASON_CHARACTERS = 1_000;

export interface Flags {
  readonly config: string;
  readonly secrets: string;
  readonly from: string;
}

/** @throws Error for a flag that the verb does not know */
export function readFlags(argv: readonly string[], known: readonly (keyof Flags)[]): Flags {
  const defaults: Flags = { config: '/etc/metals/tools.yml', secrets: '/run/secrets', from: '/etc/metals/from.yml' };
  const options = Object.fromEntries(known.map((name) => [name, { type: 'string' as const }]));
  return { ...defaults, ...parseArgs({ args: [...argv], options }).values };
}

/** Prints what `verb` resolves with, or what `onError` makes of the reason; resolves with the line. */
export async function answer<T extends object>(
  verb: () => Promise<T>,
  onError: (reason: string) => T,
  write: (text: string) => void = (text) => process.stdout.write(text),
): Promise<T> {
  const line = await verb().catch((error) => onError(errorText(error).slice(0, REASON_CHARACTERS)));
  write(`${JSON.stringify(line)}\n`);
  return line;
}

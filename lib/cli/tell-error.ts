import { visibleLines } from '../safe-text';
import type { CliError } from './errors';
import type { Terminal } from './terminal';

/** Writes an error in its three parts; DEBUG adds where it happened. */
export function tellError(terminal: Terminal, error: CliError): void {
  const { red, dim } = terminal.noteColors;
  terminal.note(`${red('error:')} ${error.what} ${dim(`[${error.code}]`)}`);
  terminal.note(`${dim('why:')}   ${indent(error.why)}`);
  for (const line of error.next) terminal.note(`${dim('next:')}  ${indent(line)}`);
  if (terminal.io.env.DEBUG) terminal.note(visibleLines(stackOf(error)));
}

/** What a node or AWS says may be part of it. */
const indent = (text: string): string => visibleLines(text.trimEnd()).replaceAll('\n', '\n       ');

function stackOf(error: CliError): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : '';
  return `${error.stack}${cause}`;
}

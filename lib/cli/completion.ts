/** Shell completion, made from the commands themselves so that it cannot lag behind them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { REPOSITORY } from '../repository';

export const SHELLS = ['bash', 'zsh'] as const;

const SCRIPT = join(REPOSITORY, 'assets/cli/completion.sh');
const TABLE_MARK = 'METALS_COMPLETION_TABLE';

/** For each path of verbs, what may follow it: `''` is the top. */
export function completions(program: Command): Map<string, string[]> {
  const words = new Map<string, string[]>();
  const flagsOf = (command: Command): string[] => command.options.flatMap((option) => option.long ?? []);
  const visit = (command: Command, path: readonly string[]): void => {
    const verbs = command.commands.map((child) => child.name());
    const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
    const own = command === program ? [] : flagsOf(command);
    words.set(path.join(' '), [...verbs, ...choices, ...own, ...flagsOf(program), '--help']);
    for (const child of command.commands) visit(child, [...path, child.name()]);
  };
  visit(program, []);
  return words;
}

/** The script with the table of this program; one script serves both shells. */
export function completionScript(program: Command): string {
  const table = [...completions(program)].map(([path, words]) => `${path}:${words.join(' ')}`).join('\n');
  return readFileSync(SCRIPT, 'utf8')
    .replace(TABLE_MARK, () => table)
    .trimEnd();
}

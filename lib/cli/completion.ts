/** Shell completion, made from the commands themselves so that it cannot lag behind them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command, Option } from 'commander';
import { REPOSITORY } from '../repository';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const TABLE_MARK = 'METALS_COMPLETION_TABLE';

/** What a flag may be given, by its long name; a value that nobody can know is not offered. */
export type Values = Readonly<Record<string, readonly string[]>>;

const isTyped = (option: Option): boolean => option.required || option.optional;
const namesOf = ({ short, long }: Option): string[] => [short, long].filter((name) => name !== undefined);

/** For each path of verbs what may follow it, `''` being the top; and for each flag that takes a value, after its path. */
export function completions(program: Command, values: Values): Map<string, readonly string[]> {
  const words = new Map<string, readonly string[]>();
  const flagsOf = (command: Command): string[] => command.options.flatMap((option) => option.long ?? []);
  const visit = (command: Command, path: readonly string[]): void => {
    const verbs = command.commands.map((child) => child.name());
    const choices = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
    const own = command === program ? [] : flagsOf(command);
    words.set(path.join(' '), [...verbs, ...choices, ...own, ...flagsOf(program), '--help']);
    for (const option of command.options.filter(isTyped))
      for (const name of namesOf(option))
        words.set(`${path.join(' ')} ${name}`, option.argChoices ?? values[option.long ?? ''] ?? []);
    for (const child of command.commands) visit(child, [...path, child.name()]);
  };
  visit(program, []);
  return words;
}

/** The shell's script with the table of this program; one script serves bash and zsh. */
export function completionScript(program: Command, shell: Shell, values: Values): string {
  const table = [...completions(program, values)].map(([path, words]) => `${path}:${words.join(' ')}`).join('\n');
  const file = join(REPOSITORY, 'assets/cli', shell === 'fish' ? 'completion.fish' : 'completion.sh');
  return readFileSync(file, 'utf8')
    .replace(TABLE_MARK, () => table)
    .trimEnd();
}

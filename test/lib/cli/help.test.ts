/** What users read when they ask for help: each page as it is, and examples that are true. */
import type { Command } from 'commander';
import { completions } from '../../../lib/cli/completion';
import { buildProgram } from '../../../lib/cli/program';
import { fakeIo, notInterrupted } from './fake-io';
import { SCHEMA } from './schemas';

const program = buildProgram(
  fakeIo(),
  notInterrupted(),
  () => undefined,
  () => undefined,
);

/** Each command with the words that lead to it. */
function commandsOf(command: Command, path: readonly string[] = []): (readonly [string, Command])[] {
  return [
    [path.join(' '), command],
    ...command.commands.flatMap((child) => commandsOf(child, [...path, child.name()])),
  ];
}

/** What `--help` prints, the examples included. */
function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part), getOutHelpWidth: () => 100 });
  command.outputHelp();
  return text;
}

const pages = commandsOf(program);
const verbs = pages.filter(([, command]) => command.commands.length === 0);
const examplesIn = (help: string): string[] => help.split('\nExamples:\n')[1]?.trimEnd().split('\n') ?? [];

test.each(pages)('metals %s --help', (_, command) => {
  expect(helpOf(command)).toMatchSnapshot();
});

test.each(verbs)('metals %s has examples of flags that it takes', (path, command) => {
  const examples = examplesIn(helpOf(command));
  expect(examples.length).toBeGreaterThan(0);
  const offered = completions(program, {}).get(path)!;
  for (const example of examples) {
    const [line = ''] = example.split(/ {2,}#| \| /);
    expect(line).toMatch(new RegExp(`^ {2}(source <\\()?metals (--\\w+ \\S+ )*${path}\\b`));
    for (const [flag] of line.matchAll(/--[a-z-]+/g)) expect(offered).toContain(flag);
  }
});

/** What they do has no end, or is another program's. */
const WITHOUT_JSON = ['completion', 'help', 'shell', 'exec', 'tunnel'];

test('what each verb prints with --json has its schema', () => {
  const names = verbs.map(([path]) => path).filter((path) => !WITHOUT_JSON.includes(path));
  expect(names.filter((name) => !Object.hasOwn(SCHEMA.$defs, name))).toEqual([]);
});

test('lines of 80 characters are enough, but for examples', () => {
  for (const [, command] of pages) {
    command.configureOutput({ getOutHelpWidth: () => 80 });
    const wide = command
      .helpInformation()
      .split('\n')
      .filter((line) => line.length > 80);
    expect(wide).toEqual([]);
  }
});

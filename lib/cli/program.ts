/** The verbs and flags of `metals`. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Argument, Command, CommanderError } from 'commander';
import { closest, distance } from 'fastest-levenshtein';
import { EXIT } from '../contract';
import { REPOSITORY } from '../repository';
import { SHELLS } from './completion';
import { readContext, type Context, type GlobalOptions } from './context';
import { CliError, explainError, type ErrorContext } from './errors';
import type { FindLab } from './found-lab';
import { untilInterrupted, type Interruption } from './interrupt';
import { completeCommands, ENTER_LAB } from './next-command';
import { tellError } from './tell-error';
import { Terminal, type Io } from './terminal';
import { addDeploymentVerbs } from './verbs/deployment';
import { addDlqVerbs } from './verbs/dlq';
import { withExamples } from './verbs/examples';
import { addLabVerbs } from './verbs/lab-verbs';
import { addOperationVerbs } from './verbs/operation';
import { addSecretVerbs } from './verbs/secrets';
import { addSessionVerbs } from './verbs/session';
import type { Bind, Verb } from './verbs/verb';

const EXIT_CODES_HELP = `
Exit codes: 0 ok, 1 failure, 2 usage, 3 unhealthy, 4 not authorised, 130 interrupted (143 by SIGTERM); of exec, that of
its command.
Data goes to stdout, everything else to stderr. DEBUG=1 shows stack traces.
AWS is found by the default credential chain; the lab by its environment: . .lab/env`;

/**
 * Runs one command line and returns its exit code. Writes to `io` only.
 *
 * @param lab finds the lab for a shell in which nothing says which AWS is meant @default none is looked for
 */
export async function runCli(
  args: readonly string[],
  io: Io,
  interruption: Interruption,
  lab: FindLab = () => undefined,
): Promise<number> {
  const result: { code: number } = { code: EXIT.ok };
  const program = buildProgram(io, interruption, (code) => (result.code = code), lab);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return result.code;
  } catch (error) {
    return report(error, io, args, program);
  }
}

export function buildProgram(
  io: Io,
  interruption: Interruption,
  exitWith: (code: number) => void,
  lab: FindLab,
): Command {
  const program = new Command('metals')
    .description('Operates a metals-price pipeline on Docker Swarm, in AWS or in the lab.')
    .option('--stage <name>', "which deployment (METALS_STAGE, cdk.json; else 'lab' in the lab, 'prod' in AWS)")
    .option('--region <name>', 'AWS region (AWS_REGION)')
    .option('--profile <name>', 'AWS profile (AWS_PROFILE)')
    .option('--timeout <duration>', 'give up after, e.g. 90s, 15m, 1h')
    .option('--json', 'print exactly one JSON value on stdout')
    .option('--no-color', 'no colours (NO_COLOR)')
    .option('-V, --version', 'version and commit')
    .on('option:version', () => {
      io.stdout.write(`${versionText()}\n`);
      throw new CommanderError(EXIT.ok, 'commander.version', '');
    })
    .helpCommand(false)
    .addHelpText('after', EXIT_CODES_HELP)
    .configureHelp({ showGlobalOptions: true, subcommandTerm })
    // Errors are reported in one place and one form, by `report`.
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => undefined })
    .exitOverride();

  let enteredLab = false;
  program.hook('preAction', (_, verb) => {
    // These look for no deployment.
    if (verb.parent?.name() === 'lab' || ['completion', 'help'].includes(verb.name())) return;
    const found = lab(io.env, program.opts<GlobalOptions>());
    enteredLab = found !== undefined;
    // A stage that is set is what the user means.
    for (const [name, value] of Object.entries(found ?? {})) io.env[name] ??= value;
  });

  const bind: Bind =
    <O>(load: () => Promise<{ readonly verb: Verb<O> }>) =>
    async (options: O): Promise<void> => {
      const context = readContext(program.opts<GlobalOptions>(), io, interruption.signal);
      const { verb } = await load();
      if (enteredLab)
        context.terminal.note(`no other AWS is set in this shell: this is the lab, as after ${ENTER_LAB}`);
      context.given = { ...context.given, enteredLab };
      context.withoutInterrupts = interruption.without ?? context.withoutInterrupts;
      const { failure, graceMs = 0 } = verb;
      const stopping = (): void => context.terminal.note(`${context.terminal.animated ? '\n' : ''}stopping …`);
      if (graceMs > 0) interruption.signal.addEventListener('abort', stopping, { once: true });
      const work = verb.run(context, options);
      const code = await untilInterrupted(explained(work, context, failure), interruption.signal, graceMs);
      if (code === 'interrupted') reportInterruption(context);
      exitWith(code === 'interrupted' ? interruption.exitCode() : code);
    };

  addOperationVerbs(program, bind);
  addSessionVerbs(program, bind);
  addDlqVerbs(program, bind);
  addSecretVerbs(program, bind);
  addDeploymentVerbs(program, bind);
  addLabVerbs(program, bind);
  withExamples(
    program
      .command('completion')
      .description('what a shell sources, to complete verbs, flags and values')
      .addArgument(new Argument('<shell>').choices(SHELLS))
      .action(async (shell: (typeof SHELLS)[number]) => {
        const { completion } = await import('./commands/completion');
        new Terminal(io, false, false).data(completion(program, shell));
      }),
    'source <(metals completion bash)    # zsh: source <(metals completion zsh)',
    'metals completion fish | source',
  );
  withExamples(
    program
      .command('help')
      .description('help of a verb')
      .argument('[verb...]', 'e.g. secrets rotate')
      .action((words: string[]) => {
        let command: Command = program;
        for (const word of words) {
          const found = command.commands.find((candidate) => candidate.name() === word);
          if (found === undefined) throw unknownVerb(command, word);
          command = found;
        }
        command.outputHelp();
      }),
    'metals help secrets rotate',
  );
  return program;
}

/** As commander says it. */
function unknownVerb(command: Command, word: string): CommanderError {
  const nearest = closest(
    word,
    command.commands.map((candidate) => candidate.name()),
  );
  const hint = distance(word, nearest) <= 3 ? `\n(Did you mean ${nearest}?)` : '';
  return new CommanderError(EXIT.usage, 'commander.unknownCommand', `unknown command '${word}'${hint}`);
}

/** Of the program, and of the clone that it runs in. */
function versionText(): string {
  const { version } = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as { version: string };
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--exclude=*'], { cwd: REPOSITORY });
  const commit = status === 0 ? ` (${String(stdout).trim()})` : '';
  return `metals ${version}${commit}`;
}

/** In lists of verbs: all of them have options. */
const subcommandTerm = (command: Command): string =>
  [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' ');

const argumentTerm = (argument: Argument): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

async function explained<T>(work: Promise<T>, context: Context, what: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { region, profile, endpoint, given, failure = what } = context;
    const profileOfShell = context.terminal.io.env.AWS_PROFILE || undefined;
    const told = explainError(error, {
      what: failure,
      region,
      profile,
      endpoint,
      profileOfShell,
    } satisfies ErrorContext);
    throw told.withNext(told.next.map((line) => completeCommands(line, given)));
  }
}

function reportInterruption(context: Context): void {
  const next = context.leaveBehind.map((line) => completeCommands(line, context.given));
  const left = next.length ? next : ['nothing is left behind'];
  context.terminal.note(['', 'interrupted', ...left.map((line) => `  ${line}`)].join('\n'));
  if (context.terminal.json)
    context.terminal.value({ error: new CliError('interrupted', 'Ctrl-C', next, 'interrupted') });
}

/** Writes an error in its three parts and returns the exit code. */
function report(error: unknown, io: Io, args: readonly string[], program: Command): number {
  const json = args.includes('--json');
  const terminal = new Terminal(io, !args.includes('--no-color'), json);
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const told =
    error instanceof CommanderError
      ? usageError(error, program, io.env.METALS_COMMAND)
      : explainError(error, { what: 'metals failed' });
  tellError(terminal, told);
  if (json) terminal.value({ error: told });
  return told.exitCode;
}

/** commander says `error: unknown command 'statsu'\n(Did you mean status?)`, and nothing at all for a missing verb. */
function usageError(error: CommanderError, program: Command, command: string | undefined): CliError {
  const what = 'the command line was not understood';
  const path = verbPath(program);
  const help = [completeCommands(['./bin/metals', ...path, '--help'].join(' '), { command })];
  if (error.code === 'commander.help')
    return new CliError(what, `${['metals', ...path].join(' ')} needs a verb`, help, 'usage');
  const [first = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  return new CliError(what, [first, ...hints].join(' '), help, 'usage');
}

/** The verb that was named, as far as there is such a one. */
function verbPath(program: Command): string[] {
  let command = program;
  const path: string[] = [];
  for (const word of program.args) {
    const verb = command.commands.find((candidate) => candidate.name() === word);
    if (!verb) break;
    command = verb;
    path.push(word);
  }
  return path;
}

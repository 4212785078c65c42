/** The verbs and flags of `metals`. */
import { Argument, Command, CommanderError, Option } from 'commander';
import { EXIT } from '../contract';
import { ami, AMI_FAILED, type AmiOptions } from './commands/ami';
import { deploy, DEPLOY_FAILED, type DeployOptions } from './commands/deploy';
import { images, IMAGES_FAILED, type ImagesOptions } from './commands/images';
import { labDown, LAB_DOWN_FAILED, type LabDownOptions } from './commands/lab-down';
import { labStatus, LAB_STATUS_FAILED } from './commands/lab-status';
import { labUp, LAB_UP_FAILED, type LabUpOptions } from './commands/lab-up';
import { preflight, PREFLIGHT_FAILED, type PreflightOptions } from './commands/preflight';
import { recover, RECOVER_FAILED, type RecoverOptions } from './commands/recover';
import { rewind, REWIND_FAILED, type RewindOptions } from './commands/rewind';
import { smokeTest, SMOKE_TEST_FAILED } from './commands/smoke-test';
import { status, STATUS_FAILED } from './commands/status';
import { completionScript, SHELLS } from './completion';
import { addDlqVerbs } from './dlq-verbs';
import { addSecretVerbs } from './secret-verbs';
import { readContext, type Context, type GlobalOptions } from './context';
import { CliError, explainError, type ErrorContext } from './errors';
import { untilInterrupted, type Interruption } from './interrupt';
import { completeCommands } from './next-command';
import { tellError } from './tell-error';
import { Terminal, type Io } from './terminal';

/** How long programs that run for a verb may take to stop after Ctrl-C. */
const GRACE_MS = 5000;

/** What a verb does; the exit code is its result. */
type Action<O> = (context: Context, options: O) => Promise<number>;

const EXIT_CODES_HELP = `
Exit codes: 0 ok, 1 failure, 2 usage, 3 unhealthy, 4 not authorised, 130 interrupted.
Data goes to stdout, everything else to stderr. DEBUG=1 shows stack traces.
AWS is found by the default credential chain; the lab by its environment: . .lab/env`;

const REWIND_HELP = `
Rewinding twice is safe: an event that is stored stays as it is. Dead letters are written again for events that fail again.
The processors stand still meanwhile, some 20 s; intake goes on. Interrupted or killed, the same command goes on.`;

/** Runs one command line and returns its exit code. Writes to `io` only. */
export async function runCli(args: readonly string[], io: Io, interruption: Interruption): Promise<number> {
  const result: { code: number } = { code: EXIT.ok };
  const program = buildProgram(io, interruption, (code) => (result.code = code));
  try {
    await program.parseAsync([...args], { from: 'user' });
    return result.code;
  } catch (error) {
    return report(error, io, args, program);
  }
}

export function buildProgram(io: Io, interruption: Interruption, exitWith: (code: number) => void): Command {
  const program = new Command('metals')
    .description('Operates a metals-price pipeline on Docker Swarm, in AWS or in the lab.')
    .option('--stage <name>', "which deployment (METALS_STAGE, cdk.json; else 'lab' in the lab, 'prod' in AWS)")
    .option('--region <name>', 'AWS region (AWS_REGION)')
    .option('--profile <name>', 'AWS profile (AWS_PROFILE)')
    .option('--timeout <duration>', 'give up after, e.g. 90s, 15m, 1h')
    .option('--json', 'print exactly one JSON value on stdout')
    .option('--no-color', 'no colours (NO_COLOR)')
    .addHelpText('after', EXIT_CODES_HELP)
    .configureHelp({ showGlobalOptions: true })
    // Errors are reported in one place and one form, by `report`.
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: () => undefined })
    .exitOverride();

  /** Binds a verb: context first, errors explained, Ctrl-C honoured; `graceMs` is for work that stops by itself. */
  const bind =
    <O>(what: string, action: Action<O>, graceMs = 0) =>
    async (options: O): Promise<void> => {
      const context = readContext(program.opts<GlobalOptions>(), io, interruption.signal);
      const stopping = (): void => context.terminal.note(`${context.terminal.animated ? '\n' : ''}stopping …`);
      if (graceMs > 0) interruption.signal.addEventListener('abort', stopping, { once: true });
      const work = action(context, options);
      const code = await untilInterrupted(explained(work, context, what), interruption.signal, graceMs);
      if (code === 'interrupted') reportInterruption(context);
      exitWith(code === 'interrupted' ? interruption.exitCode() : code);
    };

  const lab = program.command('lab').description('the whole deployment on this machine, without an AWS account');
  lab
    .command('up')
    .description('bring the lab up, deploy to it and run the smoke test')
    .option('--port <port>', 'where it answers as AWS, on 127.0.0.1 (4566)')
    .option('--producer-port <port>', 'where the producer answers (8000)')
    .option('--processor-port <port>', 'where the processor answers (8001)')
    .option('--seed <number>', 'what the times of its AWS are drawn from (1); --profile aws: long times')
    .addOption(contextOption())
    .action(bind<LabUpOptions>(LAB_UP_FAILED, labUp, GRACE_MS));
  lab
    .command('down')
    .description('remove everything that the lab made, and nothing else')
    .option('--images', 'its images as well')
    .action(bind<LabDownOptions>(LAB_DOWN_FAILED, labDown, GRACE_MS));
  lab.command('status').description('what of the lab is there').action(bind(LAB_STATUS_FAILED, labStatus));
  program
    .command('preflight')
    .description('whether a deployment can succeed: account, quotas, leftovers, images; changes nothing')
    .addOption(contextOption())
    .action(bind<PreflightOptions>(PREFLIGHT_FAILED, preflight, GRACE_MS));
  program
    .command('deploy')
    .description('deploy all stacks: the same as npx cdk deploy --all')
    .option('--yes', 'do not ask before permissions are widened')
    .option('--dry-run', 'show what would change, change nothing')
    .option('--no-preflight', 'do not look first whether it can succeed')
    .option('--no-rollback', 'keep what was created when something fails, and with it the evidence')
    .addOption(contextOption())
    .action(bind<DeployOptions>(DEPLOY_FAILED, deploy, GRACE_MS));
  program
    .command('ami')
    .description("the nodes' machine image: the pinned one and the newest")
    .option('--update', 'pin the newest')
    .action(bind<AmiOptions>(AMI_FAILED, ami));
  program
    .command('images')
    .description('the base images, and which are pinned by digest')
    .option('--update', 'pin what their tags are today')
    .action(bind<ImagesOptions>(IMAGES_FAILED, images, GRACE_MS));
  program
    .command('status')
    .description('nodes and services, with replicas and health')
    .action(bind(STATUS_FAILED, status));
  program
    .command('smoke-test')
    .description('seven steps from Kafka to MongoDB, each with what it measured')
    .action(bind(SMOKE_TEST_FAILED, smokeTest));
  program
    .command('recover')
    .description('where a majority of the managers is lost for good: one goes on alone, the others join it anew')
    .option('--slot <name>', 'the manager that goes on, where several are online')
    .option('--yes', 'do not ask')
    .action(bind<RecoverOptions>(RECOVER_FAILED, recover, GRACE_MS));
  program
    .command('rewind')
    .description('stored prices that were lost: reads events again that Kafka still has')
    .option('--since <duration>', 'those that Kafka took no longer ago than, e.g. 30m, 24h')
    .option('--all', 'all that Kafka still has')
    .option('--dry-run', 'say how many events it would be, change nothing')
    .option('--yes', 'do not ask')
    .addHelpText('after', REWIND_HELP)
    .action(bind<RewindOptions>(REWIND_FAILED, rewind));
  addDlqVerbs(program, bind);
  addSecretVerbs(program, bind);
  program
    .command('completion')
    .description('shell completion: source <(metals completion bash)')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action(() => new Terminal(io, false, false).data(completionScript(program)));
  return program;
}

const contextOption = (): Option =>
  new Option('-c, --context <key=value>', 'a setting, see lib/config.ts; may be repeated').argParser(
    (value: string, seen: string[] | undefined) => [...(seen ?? []), value],
  );

async function explained<T>(work: Promise<T>, context: Context, what: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const { region, profile, endpoint, given, failure = what } = context;
    const told = explainError(error, { what: failure, region, profile, endpoint } satisfies ErrorContext);
    throw told.withNext(told.next.map((line) => completeCommands(line, given)));
  }
}

function reportInterruption(context: Context): void {
  const next = context.leaveBehind.map((line) => completeCommands(line, context.given));
  const left = next.length ? next : ['nothing is left behind'];
  context.terminal.note(['', 'interrupted', ...left.map((line) => `  ${line}`)].join('\n'));
  if (context.terminal.json) context.terminal.value({ error: { what: 'interrupted', why: 'Ctrl-C', next } });
}

/** Writes an error in its three parts and returns the exit code. */
function report(error: unknown, io: Io, args: readonly string[], program: Command): number {
  const json = args.includes('--json');
  const terminal = new Terminal(io, !args.includes('--no-color'), json);
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
  const told =
    error instanceof CommanderError ? usageError(error, program) : explainError(error, { what: 'metals failed' });
  tellError(terminal, told);
  if (json) terminal.value({ error: { what: told.what, why: told.why, next: told.next, exitCode: told.exitCode } });
  return told.exitCode;
}

/** commander says `error: unknown command 'statsu'\n(Did you mean status?)`, and nothing at all for a missing verb. */
function usageError(error: CommanderError, program: Command): CliError {
  const what = 'the command line was not understood';
  const path = verbPath(program);
  const help = [['npm run metals --', ...path, '--help'].join(' ')];
  if (error.code === 'commander.help')
    return new CliError(what, `${['metals', ...path].join(' ')} needs a verb`, help, EXIT.usage);
  const [first = '', ...hints] = error.message.replace(/^error: /, '').split('\n');
  return new CliError(what, [first, ...hints].join(' '), help, EXIT.usage);
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

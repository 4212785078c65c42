/** The verbs that look at a running deployment, and mend it. */
import { Argument, Option, type Command } from 'commander';
import type { LogsOptions } from '../commands/logs';
import type { MaintenanceOptions } from '../commands/maintenance';
import type { ScaleOptions } from '../commands/scale';
import { withExamples } from './examples';
import type { Bind } from './verb';

const REWIND_HELP = `
Rewinding twice is safe: an event that is stored stays as it is. Dead letters are written again for events that fail again.
The processors stand still meanwhile, some 20 s; intake goes on. Interrupted or killed, the same command goes on.`;

/** As each service marks its lines; a request that was answered 5xx is a warning. */
const LEVEL = new Option('--level <level>', 'only warnings and errors, or only errors');
LEVEL.argChoices = ['warn', 'error'];

const LOGS_HELP = `
Docker keeps 30 MB of each task's lines on its node, and a few ended tasks of each replica; a node that is replaced loses
them. Times are UTC. An answer of Systems Manager holds some thousand lines: omitted lines are reported.`;

/** What else it may not be is said as other errors are. */
const ON_OR_OFF = new Argument('[state]', 'on refuses events, off takes them again');
ON_OR_OFF.argChoices = ['on', 'off'];

const SCALE_HELP = `
It does not ask. Replicas that run go on. Deployments keep these numbers until producerReplicas or processorReplicas is changed.`;

const DOCTOR_HELP = `
Each finding has a code (docs/errors.md), what was measured, what it is not, and what to do next. Nothing is changed. Exit code 3 when there is any.`;

const EVENTS_HELP = `
Docker remembers the last tasks of each place, and what a manager has seen of nodes and services since its Docker was
started; Systems Manager remembers documents for 30 days. Each task has two lines: when it was created, and when it reached
its present state.`;

const BUNDLE_HELP = `
It holds the findings of doctor with their evidence, the status, what has changed, and the logs of each service, the
oldest lines being left out where there is no room for all. Whatever could not be collected is listed.`;

const MAINTENANCE_HELP = `
It does not ask. POST /produce is answered 503 with Retry-After; what was accepted before is stored, and all else is answered as ever. The
edges are changed one after the other, which takes a minute with three nodes. Deployments keep it.`;

export function addOperationVerbs(program: Command, bind: Bind): void {
  withExamples(
    program
      .command('status')
      .summary('nodes and services: replicas, health, what they do and use')
      .description('nodes and services: replicas, health, what they do and use; exit code 3 if one is unhealthy')
      .option('-w, --watch', 'look again every few seconds, until Ctrl-C')
      .action(bind(() => import('../commands/status'))),
    'metals status',
    'metals status --watch',
    'metals status --json | jq .problems',
  );
  withExamples(
    program
      .command('doctor')
      .description('what is wrong and why, the likely root first')
      .addHelpText('after', DOCTOR_HELP)
      .action(bind(() => import('../commands/doctor'))),
    'metals doctor',
    "metals doctor --json | jq -r '.findings[].code'",
  );
  withExamples(
    program
      .command('events')
      .description('what has changed: tasks, nodes, services, deployments; oldest first')
      .option('-f, --follow', 'keep printing what comes, until Ctrl-C')
      .option('--since <duration>', 'not older than, e.g. 30m, 24h (1h)')
      .addHelpText('after', EVENTS_HELP)
      .action(bind(() => import('../commands/events'))),
    'metals events --since 15m',
    'metals events -f',
  );
  withExamples(
    program
      .command('validate')
      .summary('services, networks, secrets, labels, topics, rights and indexes against what was deployed')
      .description(
        'services, networks, secrets, labels, topics, rights and indexes against what was deployed; exit code 3 if one differs',
      )
      .action(bind(() => import('../commands/validate'))),
    'metals validate',
    "metals validate --json | jq '.checks[] | select(.ok | not)'",
  );
  withExamples(
    program
      .command('bundle')
      .description('everything that explains an incident, in one archive, without any secret')
      .option('--since <duration>', 'logs not older than, e.g. 30m, 24h (1h)')
      .option('-o, --output <file>', 'file to write (./metals-STAGE-TIME.tar.gz)')
      .addHelpText('after', BUNDLE_HELP)
      .action(bind(() => import('../commands/bundle'))),
    'metals bundle --since 2h',
  );
  withExamples(
    program
      .command('logs')
      .description('what tasks have logged, in the order of time; those that have ended included')
      .argument('[service...]', 'producer, processor, kafka, mongodb, edge …; without, all')
      .option('-f, --follow', 'keep printing what comes, until Ctrl-C')
      .option('--since <duration>', 'not older than, e.g. 30m, 24h (15m)')
      .option('--lines <count>', 'how many of the newest lines, from 1 to 9999 (200)')
      .option('--grep <expression>', 'only lines that this finds, as grep -iE')
      .addOption(LEVEL)
      .option('--node <slot>', 'only tasks of this node, e.g. worker-1')
      .addHelpText('after', LOGS_HELP)
      .action((services: string[], options: Omit<LogsOptions, 'services'>) =>
        bind(() => import('../commands/logs'))({ ...options, services }),
      ),
    'metals logs processor --since 1h --level warn',
    'metals logs -f producer kafka',
    "metals logs --node worker-1 --grep 'refused|timed? ?out'",
  );
  withExamples(
    program
      .command('history')
      .description('deployments and other changes of the last 30 days, with their outcome')
      .option('--lines <count>', 'how many of the newest, from 1 to 200 (20)')
      .action(bind(() => import('../commands/history'))),
    'metals history',
    "metals history --json | jq '.changes[0]'",
  );
  withExamples(
    program
      .command('smoke-test')
      .summary('seven steps from Kafka to MongoDB, each with what it measured')
      .description('seven steps from Kafka to MongoDB, each with what it measured; exit code 3 if one fails')
      .action(bind(() => import('../commands/smoke-test'))),
    'metals smoke-test',
  );
  withExamples(
    program
      .command('scale')
      .description('how many replicas run; without numbers, what they are')
      .argument('[number...]', 'producer=1 to 10, processor=1 to 5')
      .option('--dry-run', 'only look whether there is room')
      .addHelpText('after', SCALE_HELP)
      .action((numbers: string[], options: Omit<ScaleOptions, 'numbers'>) =>
        bind(() => import('../commands/scale'))({ ...options, numbers }),
      ),
    'metals scale producer=5 processor=3',
    'metals scale processor=3 --dry-run',
    'metals scale',
  );
  withExamples(
    program
      .command('maintenance')
      .description('whether events are taken, or refused with a message; without on or off, what it is')
      .addArgument(ON_OR_OFF)
      .option('--message <text>', 'message returned to clients')
      .addHelpText('after', MAINTENANCE_HELP)
      .action((state: string | undefined, options: Omit<MaintenanceOptions, 'state'>) =>
        bind(() => import('../commands/maintenance'))({ ...options, state }),
      ),
    "metals maintenance on --message 'back at 14:00 UTC'",
    'metals maintenance off',
  );
  withExamples(
    program
      .command('recover')
      .description('where a majority of the managers is lost for good: one goes on alone, the others join it anew')
      .option('--slot <name>', 'the manager that goes on, where several are online')
      .option('--yes', 'do not ask')
      .action(bind(() => import('../commands/recover'))),
    'metals recover --slot manager-2',
  );
  withExamples(
    program
      .command('rewind')
      .description('stored prices that were lost: reads events again that Kafka still has')
      .option('--since <duration>', 'those that Kafka took no longer ago than, e.g. 30m, 24h')
      .option('--all', 'all that Kafka still has')
      .option('--dry-run', 'say how many events it would be, change nothing')
      .option('--yes', 'do not ask')
      .addHelpText('after', REWIND_HELP)
      .action(bind(() => import('../commands/rewind'))),
    'metals rewind --since 24h --dry-run',
    'metals rewind --all --yes',
  );
}

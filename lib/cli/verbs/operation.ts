/** The verbs that look at a running deployment, and mend it. */
import type { Command } from 'commander';
import { withExamples } from './examples';
import type { Bind } from './verb';

const REWIND_HELP = `
Rewinding twice is safe: an event that is stored stays as it is. Dead letters are written again for events that fail again.
The processors stand still meanwhile, some 20 s; intake goes on. Interrupted or killed, the same command goes on.`;

export function addOperationVerbs(program: Command, bind: Bind): void {
  withExamples(
    program
      .command('status')
      .description('nodes and services, with replicas and health')
      .action(bind(() => import('../commands/status'))),
    'metals status',
    'metals status --json | jq .problems',
  );
  withExamples(
    program
      .command('smoke-test')
      .description('seven steps from Kafka to MongoDB, each with what it measured')
      .action(bind(() => import('../commands/smoke-test'))),
    'metals smoke-test',
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

/** The verbs of `metals dlq`. */
import type { Command } from 'commander';
import type { ReplayOptions } from '../dead-letter-options';
import { DEAD_LETTER_REASONS } from '../dead-letter-reasons';
import { withExamples } from './examples';
import type { Bind } from './verb';

const REASON = ['--reason <reason>', `one of ${DEAD_LETTER_REASONS.join(', ')}`] as const;
const SINCE = ['--since <duration>', 'not older than, e.g. 30m, 24h'] as const;

const REPLAY_HELP = `
A letter's record is sent as it was, key and value, to the topic and partition that it came from, with the header
metals-replayed-from. Nothing is deleted. Replaying twice is safe: an event that arrives twice is stored once. What
fails again becomes a new dead letter, and the old one stays: choose by offsets, or add --since, rather than --all again.`;

export function addDlqVerbs(program: Command, bind: Bind): void {
  const dlq = program.command('dlq').description('dead letters: records that the processor could not store');
  withExamples(
    dlq
      .command('list')
      .description('newest first, with totals by reason')
      .option('--limit <count>', 'how many, from 1 to 1000 (20)')
      .option('--before <offset>', 'only letters below this offset')
      .option(...REASON)
      .option(...SINCE)
      .action(bind(() => import('../commands/dlq-list'))),
    'metals dlq list',
    'metals dlq list --since 1h --reason not-json',
  );
  withExamples(
    dlq
      .command('show')
      .description('everything about one dead letter, and what to do about it')
      .argument('<offset>', 'its offset, from the list')
      .action((offset: string) => bind(() => import('../commands/dlq-show'))({ offset })),
    'metals dlq show 17',
  );
  withExamples(
    dlq
      .command('replay')
      .description('send records again, as they were, to where they were')
      .argument('[offset...]', 'offsets of dead letters, from the list')
      .option(...REASON)
      .option(...SINCE)
      .option('--all', 'all dead letters')
      .option('--dry-run', 'say what would be sent, send nothing')
      .option('--yes', 'do not ask')
      .addHelpText('after', REPLAY_HELP)
      .action((offsets: string[], options: Omit<ReplayOptions, 'offsets'>) =>
        bind(() => import('../commands/dlq-replay'))({ ...options, offsets }),
      ),
    'metals dlq replay 17 19',
    'metals dlq replay --reason write-refused --since 1h --dry-run',
  );
}

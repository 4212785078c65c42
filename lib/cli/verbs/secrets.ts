/** The verbs of `metals secrets`. */
import { Argument, type Command } from 'commander';
import type { RotateOptions } from '../commands/secrets-rotate';
import { SECRET_KEYS } from '../secret-keys';
import { withExamples } from './examples';
import type { Bind } from './verb';

const ROTATE_HELP = `
Both values are accepted until all tasks have the new one. Interrupted or killed, the same command goes on. A value that
was changed elsewhere reaches the Swarm by itself within half an hour, or at once by metals secrets sync.`;

const SYNC_HELP = `
It does not ask. Tasks that use a value are started anew one by one; the old one is accepted until all have the new one. Where nothing has
changed, nothing is done.`;

/** Offered, not checked here: the verb names the nearest. */
const NAMES = new Argument(
  '[name...]',
  'which; a whole secret such as kafka-password means all of its passwords, that of admin included, for which the server restarts; without names, all but those of the two admins',
);
NAMES.argChoices = SECRET_KEYS.map(({ name }) => name);

export function addSecretVerbs(program: Command, bind: Bind): void {
  const secrets = program.command('secrets').description('the API key and the passwords of Kafka and MongoDB');
  withExamples(
    secrets
      .command('list')
      .description('versions in Secrets Manager, never a value')
      .action(bind(() => import('../commands/secrets-list'))),
    'metals secrets list',
  );
  withExamples(
    secrets
      .command('sync')
      .description('values that were changed in Secrets Manager, brought to the Swarm at once')
      .addHelpText('after', SYNC_HELP)
      .action(bind(() => import('../commands/secrets-sync'))),
    'metals secrets sync',
  );
  withExamples(
    secrets
      .command('rotate')
      .description('new values, brought to the Swarm while the old ones are still accepted')
      .addArgument(NAMES)
      .option('--grace <duration>', 'how long clients may take to notice the new API key (60s)')
      .option('--yes', 'do not ask')
      .addHelpText('after', ROTATE_HELP)
      .action((names: string[], options: Omit<RotateOptions, 'names'>) =>
        bind(() => import('../commands/secrets-rotate'))({ ...options, names }),
      ),
    'metals secrets rotate',
    'metals secrets rotate api-key --grace 10m --yes',
  );
}

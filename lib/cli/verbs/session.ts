/** The verbs that go through Session Manager: no port is open for them, and there is no SSH. */
import type { Command } from 'commander';
import type { ExecOptions } from '../commands/exec';
import { withExamples } from './examples';
import type { Bind } from './verb';

const PLUGIN_HELP = `
It goes through Session Manager, by AWS's own session-manager-plugin.`;

const EXEC_HELP = `${PLUGIN_HELP} On a terminal the command has it; elsewhere its
lines go to stdout, standard input is empty, and its exit code is passed on.`;

const TUNNEL_HELP = `${PLUGIN_HELP} Where a port is taken here, another one is used. A
tunnel whose node goes away is made anew through another node, until Ctrl-C.`;

export function addSessionVerbs(program: Command, bind: Bind): void {
  withExamples(
    program
      .command('shell')
      .description('a shell on a node, as a user who may use sudo')
      .argument('[slot]', 'e.g. worker-1; without, manager-1')
      .addHelpText('after', PLUGIN_HELP)
      .action((slot: string | undefined) => bind(() => import('../commands/shell'))({ slot })),
    'metals shell worker-1',
  );
  withExamples(
    program
      .command('exec')
      .description('a command in a task of a service')
      .argument('<service>', 'producer, processor, kafka, mongodb, edge …')
      .argument('<command...>', 'command and its arguments, after --')
      .option('--node <slot>', 'the task on this node, e.g. worker-1')
      .addHelpText('after', EXEC_HELP)
      .action((service: string, command: string[], options: Pick<ExecOptions, 'node'>) =>
        bind(() => import('../commands/exec'))({ ...options, service, command }),
      ),
    'metals exec kafka -- df -h /var/lib/kafka/data',
    'metals exec producer --node worker-2 -- sh',
  );
  withExamples(
    program
      .command('tunnel')
      .description('local ports that lead to the producer and the processor, until Ctrl-C')
      .argument('[service...]', 'producer, processor; without, both')
      .addHelpText('after', TUNNEL_HELP)
      .action((services: string[]) => bind(() => import('../commands/tunnel'))({ services })),
    'metals tunnel',
    'metals tunnel producer',
  );
}

/** The verbs of `metals lab`. */
import type { Command } from 'commander';
import { contextOption } from './deployment';
import { withExamples } from './examples';
import type { Bind } from './verb';

export function addLabVerbs(program: Command, bind: Bind): void {
  const lab = program.command('lab').description('the whole deployment on this machine, without an AWS account');
  withExamples(
    lab
      .command('up')
      .description('bring the lab up, deploy to it and run the smoke test')
      .option('--port <port>', 'where it answers as AWS, on 127.0.0.1 (4566)')
      .option('--producer-port <port>', 'where the producer answers (8000)')
      .option('--processor-port <port>', 'where the processor answers (8001)')
      .option('--seed <number>', 'what the times of its AWS are drawn from (1); --profile aws: long times')
      .addOption(contextOption())
      .action(bind(() => import('../commands/lab-up'))),
    'metals lab up',
    'metals lab up --context workers=3 --producer-port 9000',
  );
  withExamples(
    lab
      .command('down')
      .description('remove everything that the lab made, and nothing else')
      .option('--images', 'its images as well')
      .action(bind(() => import('../commands/lab-down'))),
    'metals lab down',
  );
  withExamples(
    lab
      .command('status')
      .summary('which parts of the lab are running')
      .description('which parts of the lab are running; exit code 3 if one is missing')
      .action(bind(() => import('../commands/lab-status'))),
    'metals lab status',
  );
}

/** The verbs that deploy, and what they deploy from. */
import { Option, type Command } from 'commander';
import { withExamples } from './examples';
import type { Bind } from './verb';

/** A setting of lib/config.ts, as often as it is typed. */
export const contextOption = (): Option =>
  new Option('-c, --context <key=value>', 'a setting, see lib/config.ts; may be repeated').argParser(
    (value: string, seen: string[] | undefined) => [...(seen ?? []), value],
  );

const DESTROY_HELP = `
Volumes and secrets stay unless the last deployment said dataRemoval=destroy, and the next deployment takes them over.
Interrupted or failed, the same command goes on.`;

const ROLLBACK_HELP = `
It updates the deployed stack with an earlier bundle and its images: nothing is built, and it does not matter in which folder it
is typed. An earlier version that stores data differently, or for a different length of time, is refused. It ends with a smoke
test: exit code 3 if that fails. Running it again does not go back further: name an older
version with --to.`;

export function addDeploymentVerbs(program: Command, bind: Bind): void {
  withExamples(
    program
      .command('preflight')
      .description('whether a deployment can succeed: account, quotas, leftovers, images; changes nothing')
      .addOption(contextOption())
      .action(bind(() => import('../commands/preflight'))),
    'metals preflight',
    'metals preflight --stage staging --region eu-west-3 --context workers=3',
  );
  withExamples(
    program
      .command('deploy')
      .description('preflight, then cdk deploy of all stacks; takes up secrets that were changed, too')
      .option('--yes', 'do not ask before permissions are widened')
      .option('--dry-run', 'show what would change, change nothing')
      .option('--no-preflight', 'do not look first whether it can succeed')
      .option('--no-rollback', 'keep what was created when something fails, and with it the evidence')
      .addOption(contextOption())
      .action(bind(() => import('../commands/deploy'))),
    'metals deploy --dry-run',
    'metals deploy --context workers=3',
    'metals --stage staging --region eu-west-3 --profile work deploy --yes',
  );
  withExamples(
    program
      .command('rollback')
      .description('redeploy an earlier version that converged, and check that it serves')
      .option('--to <version>', 'first 4 to 12 characters of its name in metals history (default: the previous one)')
      .option('--yes', 'do not ask')
      .option('--dry-run', 'say which version it would be and what it would change, change nothing')
      .addHelpText('after', ROLLBACK_HELP)
      .action(bind(() => import('../commands/rollback'))),
    'metals rollback --dry-run',
    'metals rollback --to 1a2b3c4d5e6f',
  );
  withExamples(
    program
      .command('redeploy')
      .summary('the last deployment once more, as it was: puts back what was changed by hand')
      .description('the last deployment once more, as it was: puts back what was changed by hand; it does not ask')
      .option('--dry-run', 'show which images and configs were changed by hand, change nothing')
      .action(bind(() => import('../commands/redeploy'))),
    'metals redeploy --dry-run',
    'metals redeploy',
  );
  withExamples(
    program
      .command('destroy')
      .description('destroy the stage: says first what will be lost and what will stay, and looks afterwards')
      .option('--yes', 'do not ask for the name of the stage')
      .option('--dry-run', 'show what would be lost and what would stay, change nothing')
      .addOption(contextOption())
      .addHelpText('after', DESTROY_HELP)
      .action(bind(() => import('../commands/destroy'))),
    'metals destroy --dry-run',
    'metals --stage staging --region eu-west-3 destroy',
  );
  withExamples(
    program
      .command('cost')
      .description('what the deployment costs a month, and which settings would change that most')
      .addOption(contextOption())
      .action(bind(() => import('../commands/cost'))),
    'metals cost',
    'metals cost --context egress=nat-instance --context workers=3',
  );
  withExamples(
    program
      .command('ami')
      .description("the nodes' machine image: the pinned one and the newest")
      .option('--update', 'pin the newest')
      .action(bind(() => import('../commands/ami'))),
    'metals ami',
    'metals ami --update --region eu-west-1',
  );
  withExamples(
    program
      .command('images')
      .description('the base images, and which are pinned by digest')
      .option('--update', 'pin what their tags are today')
      .action(bind(() => import('../commands/images'))),
    'metals images',
    'metals images --update',
  );
}

import { EXIT } from '../../contract';
import { withActivity } from '../activity';
import { cdkEnvironment, cdkSignal, runCdkCli, type RunCdk } from '../cdk-cli';
import { askOnTerminal } from '../confirm';
import type { Context } from '../context';
import type { Destruction, Item } from '../destruction';
import { CliError } from '../errors';
import { completeCommands, withSettings } from '../next-command';
import { parseSettings } from '../settings';
import type { StageContents } from '../stage-contents';
import { connect } from '../systems-manager';
import { drawTable } from '../table';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const DESTROY_FAILED = 'the stage was not destroyed';
const NOT_STARTED = 'nothing was destroyed';
/** How often it is looked, as what is gone may still be listed: two minutes. */
const LOOKS = 24;

export interface DestroyOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** CDK context, `key=value`, where the app cannot be synthesised without. */
  readonly context?: readonly string[];
}

/** What AWS is asked, and who is; replaced by tests. */
export interface Surroundings {
  readonly read: (context: Context, region: string, failure: string) => Promise<StageContents>;
  readonly runCdk: RunCdk;
  readonly ask: typeof askOnTerminal;
  /** Between two looks whether all of it has gone. */
  readonly pauseMs: number;
}

const SURROUNDINGS: Surroundings = {
  // Loaded here: no other command waits for its clients of AWS.
  read: async (...args) => (await import('../stage-contents')).readStageContents(...args),
  runCdk: runCdkCli,
  ask: askOnTerminal,
  pauseMs: 5_000,
};

/** `metals destroy`: what will be lost and what will stay, then `cdk destroy`, and a look whether that came true. */
export async function destroy(
  context: Context,
  options: DestroyOptions,
  { read, runCdk, ask, pauseMs }: Surroundings = SURROUNDINGS,
): Promise<number> {
  const { terminal, stage } = context;
  context.failure = NOT_STARTED;
  const again = withSettings('./bin/metals destroy', options.context);
  parseSettings(options.context ?? [], NOT_STARTED, './bin/metals destroy');
  if (!options.yes && !options.dryRun && !terminal.interactive)
    throw new CliError(
      NOT_STARTED,
      'it asks for the name of the stage first, and nobody can answer here: stdin is not a terminal',
      ['add --yes to destroy without being asked, or --dry-run to see what would be lost'],
      'unconfirmed',
    );
  const { region } = await connect(context);
  const lookAt = (title: string): Promise<StageContents> =>
    withActivity(terminal, title, () => read(context, region, context.failure ?? DESTROY_FAILED));
  const { planDestruction, leftBehind, withWhatStays } = await import('../destruction');
  const before = await lookAt('looking at what there is');
  assertAtRest(before);
  const plan = planDestruction(stage, before);
  if (plan.items.length > 0) showFates(context, plan.items, options);
  if (options.dryRun || plan.stacks.length === 0) {
    return report(context, region, plan, options.dryRun ?? false);
  }
  if (!options.yes) await confirm(context, plan, again, ask);

  context.failure = DESTROY_FAILED;
  context.leaveBehind = ['CloudFormation finishes by itself what it has begun', `go on:  ${again}`];
  const code = await runCdk(cdkArguments(context, plan, options), cdkEnvironment(context, region), cdkSignal(context));
  if (code !== 0) {
    // What the CDK has said counts more than a look that fails.
    const stopped = await lookAt('looking where it stopped').then(
      ({ stacks }) => stoppedAt(plan, stacks),
      () => undefined,
    );
    throw new CliError(
      DESTROY_FAILED,
      `cdk destroy ended with exit code ${code}; its reason is above`,
      [
        `${again}    # goes on where it stopped`,
        `aws cloudformation describe-stack-events --stack-name ${stopped ?? plan.stacks[0]!} --query 'StackEvents[?ResourceStatus==\`DELETE_FAILED\`]'`,
      ],
      'deployment-failed',
    );
  }
  context.failure = 'the stacks are destroyed; whether anything is left is not known';
  const after = await lookUntil(
    () => lookAt('looking whether all of it has gone'),
    (contents) => leftBehind(plan, stage, contents).length === 0,
    pauseMs,
  );
  const left = leftBehind(plan, stage, after);
  if (left.length === 0) return report(context, region, { ...plan, items: withWhatStays(plan, stage, after) }, false);
  throw new CliError(
    'something was left behind',
    left.map(({ kind, id, detail }) => `${kind} ${id}${detail && ` (${detail})`}`).join('\n'),
    left.flatMap(({ next }) => next ?? []),
    'left-behind',
  );
}

/** Pure: the stack that would not go, or else the first of those that are there yet. */
const stoppedAt = ({ stacks: planned }: Destruction, stacks: StageContents['stacks']): string | undefined =>
  stacks.find(({ status }) => status === 'DELETE_FAILED')?.name ??
  planned.find((name) => stacks.some((stack) => stack.name === name));

/** AWS lists some things for a while after they are gone. */
async function lookUntil(
  look: () => Promise<StageContents>,
  isDone: (contents: StageContents) => boolean,
  pauseMs: number,
): Promise<StageContents> {
  for (let looks = 1; ; looks++) {
    const contents = await look();
    if (isDone(contents) || looks === LOOKS) return contents;
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

/** On stdout; and where nobody would see it there, before a question, on stderr. */
function showFates({ terminal }: Context, items: readonly Item[], { yes, dryRun }: DestroyOptions): void {
  const table = drawTable(rows(items), terminal.colors);
  if (!terminal.json) terminal.data(table);
  if (!yes && !dryRun && (terminal.json || terminal.io.stdout.isTTY !== true)) terminal.note(table);
}

/** Pure: a stack that is being made or changed is not taken away meanwhile. @throws CliError */
function assertAtRest({ stacks }: StageContents): void {
  const busy = stacks.find(({ status }) => status.endsWith('_IN_PROGRESS') && !/^(DELETE|REVIEW)_/.test(status));
  if (busy === undefined) return;
  throw new CliError(
    NOT_STARTED,
    `${busy.name} is ${busy.status}: another operation is under way`,
    [`aws cloudformation describe-stack-events --stack-name ${busy.name} --max-items 5    # until it has ended`],
    'refused',
  );
}

async function confirm(
  { stage, interrupted }: Context,
  { items }: Destruction,
  again: string,
  ask: Surroundings['ask'],
): Promise<void> {
  const lost = items.filter(({ fate }) => fate === 'lost').length;
  const what = lost > 0 ? `the ${lost} things marked LOST cannot be brought back` : 'no data is lost';
  const answer = await ask(`stage ${stage}: ${what}. To go on, type the name of the stage:`, interrupted);
  if (answer === stage) return;
  throw new CliError(NOT_STARTED, `the answer was not ${stage}`, [`${again}    # asks again`], 'declined');
}

/** Pure. The CDK takes with a stack those that stand on it. */
export const cdkArguments = (
  { stage, profile }: Pick<Context, 'stage' | 'profile'>,
  { stacks }: Destruction,
  { context = [] }: DestroyOptions,
): string[] => [
  ...['destroy', ...stacks, '--force'],
  ...[`stage=${stage}`, ...context].flatMap((pair) => ['--context', pair]),
  ...(profile ? ['--profile', profile] : []),
];

/** Pure: what is lost comes last, where it is read. */
function rows(items: readonly Item[]): string[][] {
  const of = (wanted: Item['fate']): readonly Item[] => items.filter(({ fate }) => fate === wanted);
  const line = ({ kind, id, fate, detail }: Item): string[] => [kind, id, fate === 'lost' ? 'LOST' : fate, detail];
  return [['what', 'name', 'fate', ''], ...[...of('removed'), ...of('stays'), ...of('lost')].map(line)];
}

function report(
  { terminal, stage, given }: Context,
  region: string,
  { items, stacks }: Destruction,
  dryRun: boolean,
): number {
  if (terminal.json) {
    const complete = items.map((item) =>
      item.next === undefined ? item : { ...item, next: completeCommands(item.next, given, region) },
    );
    terminal.value({ stage, region, dryRun, stacks, items: complete });
    return EXIT.ok;
  }
  const kept = items.filter(({ fate }) => fate === 'stays');
  for (const { kind, id, next } of kept)
    if (next !== undefined)
      terminal.note(completeCommands(`${kind} ${id} stays; to remove it: ${next}`, given, region));
  terminal.note(verdict(stage, region, { items, stacks }, dryRun, kept.length));
  return EXIT.ok;
}

function verdict(stage: string, region: string, { items, stacks }: Destruction, dryRun: boolean, kept: number): string {
  if (items.length === 0) return `there is nothing of stage ${stage} in ${region}`;
  if (dryRun) return 'nothing was changed';
  if (stacks.length === 0) return 'no stack is left that may be destroyed';
  const left = kept === 0 ? 'nothing' : 'nothing but what stays';
  return (
    `destroyed; stacks, instances, volumes, secrets, parameters and log groups were looked for afterwards: of stage ${stage} ` +
    `${left} is left. Images and bundles stay where cdk bootstrap keeps them for all stages`
  );
}

export const verb: Verb<DestroyOptions> = { failure: DESTROY_FAILED, run: destroy, graceMs: GRACE_MS };

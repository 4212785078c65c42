import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cloudFormationStackName, EXIT, STACKS } from '../../contract';
import { cdkEnvironment, cdkSignal, runCdkCli, type RunCdk } from '../cdk-cli';
import { askOnTerminal } from '../confirm';
import type { Context } from '../context';
import { readDataVolumes } from '../data-volumes';
import { CliError } from '../errors';
import { completeCommands, withSettings } from '../next-command';
import { readSecretVersions } from '../secret-versions';
import { readSettings } from '../settings';
import { connect } from '../systems-manager';
import { readPreflight } from './preflight';
import { GRACE_MS, type Verb } from '../verbs/verb';

export const DEPLOY_FAILED = 'the deployment failed';
const NOT_STARTED = 'the deployment did not start';
const COMPARISON_FAILED = 'the comparison failed';
const NOT_COMPARED = 'the comparison was not made';

export interface DeployOptions {
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  /** False: not looked at first whether it can succeed. @default true */
  readonly preflight?: boolean;
  /** False: what was created stays when something fails, and with it the evidence. @default true */
  readonly rollback?: boolean;
  /** CDK context, `key=value`. */
  readonly context?: readonly string[];
}

/** Asks on the terminal; replaced by tests. */
type Ask = typeof askOnTerminal;

/**
 * Pure: the arguments of the CDK CLI.
 *
 * @param derived settings that stand for what is there now; the user's own count instead
 */
export function cdkArguments(
  context: Pick<Context, 'stage' | 'profile' | 'isLab'>,
  options: DeployOptions,
  derived: Readonly<Record<string, string>>,
  outputsFile?: string,
): string[] {
  const ofStage = Object.entries({ stage: context.stage, ...derived }).map(([key, value]) => `${key}=${value}`);
  const settings = [...ofStage, ...(options.context ?? [])].flatMap((pair) => ['--context', pair]);
  const profile = context.profile ? ['--profile', context.profile] : [];
  if (options.dryRun) return ['diff', ...settings, ...profile];
  const approval = options.yes || context.isLab ? 'never' : 'broadening';
  const rollback = options.rollback === false ? ['--no-rollback'] : [];
  const outputs = outputsFile ? ['--outputs-file', outputsFile] : [];
  return [
    'deploy',
    '--all',
    '--require-approval',
    approval,
    '--progress',
    'events',
    ...rollback,
    ...outputs,
    ...settings,
    ...profile,
  ];
}

/**
 * `metals deploy`: the same `cdk deploy --all` that may be typed by hand, and besides it takes up secrets that were
 * changed since, and volumes that have gone: both are looked at before the CDK starts, because a synthesis needs no credentials.
 */
export async function deploy(
  context: Context,
  options: DeployOptions,
  runCdk: RunCdk = runCdkCli,
  ask: Ask = askOnTerminal,
): Promise<number> {
  const { terminal } = context;
  const notStarted = options.dryRun ? NOT_COMPARED : NOT_STARTED;
  context.failure = notStarted;
  const settings = await readSettings(context, options.context ?? [], notStarted, metals('deploy'));
  if (!options.yes && !options.dryRun && !context.isLab && !terminal.interactive) {
    throw new CliError(
      NOT_STARTED,
      'it asks before it widens permissions, and nobody can answer here: stdin is not a terminal',
      ['add --yes to deploy without being asked, or --dry-run to see the changes'],
      'unconfirmed',
    );
  }
  const region = await lookFirst(context, options, settings);
  if (settings.dataRemoval === 'destroy') await confirmRemoval(context, options, ask);
  const derived = {
    secretVersions: await readSecretVersions(context, region),
    dataVolumes: await readDataVolumes(context, region),
  };
  const again = deployAgain(options);
  const directory = mkdtempSync(join(tmpdir(), 'metals-deploy-'));
  try {
    const outputsFile = join(directory, 'outputs.json');
    context.failure = options.dryRun ? COMPARISON_FAILED : DEPLOY_FAILED;
    if (!options.dryRun) context.leaveBehind = leftBehind(context.stage, region, again);
    const code = await runCdk(
      cdkArguments(context, options, derived, terminal.json ? outputsFile : undefined),
      cdkEnvironment(context, region),
      cdkSignal(context),
    );
    if (code !== 0) throw failed(context, code, options, region);
    if (terminal.json)
      terminal.value({
        stage: context.stage,
        region,
        dryRun: options.dryRun ?? false,
        outputs: readOutputs(outputsFile),
      });
    else if (!options.dryRun) terminal.note(completeCommands('deployed; next: ./bin/metals smoke-test', context.given));
    return EXIT.ok;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Credentials, region and everything else, before the CDK spends half an hour on finding out. Returns the region. */
async function lookFirst(
  context: Context,
  options: DeployOptions,
  settings: Readonly<Record<string, unknown>>,
): Promise<string> {
  if (options.dryRun || options.preflight === false) return (await connect(context)).region;
  const { findings, region } = await readPreflight(context, settings, NOT_STARTED, metals('deploy'));
  const { terminal } = context;
  const skipped = findings.filter(({ verdict }) => verdict === 'skipped').map(({ check }) => check);
  if (skipped.length) terminal.note(`preflight skipped in the lab: ${skipped.join('; ')}`);
  // A deployer may lack a right to read that the CDK does without: said, and left to the CDK.
  for (const { check, verdict, measured } of findings) {
    if (verdict === 'warning' || verdict === 'refused' || verdict === 'unknown')
      terminal.note(`${terminal.noteColors.yellow('preflight:')} ${check}: ${measured}`);
  }
  const failing = findings.filter(({ verdict }) => verdict === 'fails');
  if (failing.length === 0) return region;
  throw new CliError(
    NOT_STARTED,
    failing.map(({ check, measured, needed }) => `${check}: ${measured}; needed: ${needed}`).join('\n'),
    [
      ...failing.flatMap(({ next }) => next),
      `${metals(withSettings('preflight', options.context))}    # shows all checks`,
      `${deployAgain({ ...options, preflight: false })}    # tries anyway`,
    ],
    'preflight-failed',
  );
}

/** The one setting by which a later command deletes data: whoever answers questions beforehand has answered this one, too. */
async function confirmRemoval({ stage, isLab, interrupted }: Context, options: DeployOptions, ask: Ask): Promise<void> {
  if (isLab || options.yes || options.dryRun) return;
  const question =
    `dataRemoval=destroy: from this deployment on, cdk destroy deletes volumes and secrets of stage ${stage}, with all data. ` +
    'To go on, type the name of the stage:';
  if ((await ask(question, interrupted)) === stage) return;
  throw new CliError(
    NOT_STARTED,
    `the answer was not ${stage}`,
    [`${deployAgain(options)}    # asks again`, 'without dataRemoval=destroy volumes and secrets are kept'],
    'declined',
  );
}

const metals = (words: string): string => `./bin/metals ${words}`;

/** Pure: the same deployment once more, with what was chosen for it; a question is asked again. */
function deployAgain({ dryRun, preflight, rollback, context }: DeployOptions): string {
  const flags = [
    ...(dryRun ? ['--dry-run'] : []),
    ...(preflight === false ? ['--no-preflight'] : []),
    ...(rollback === false ? ['--no-rollback'] : []),
  ];
  return metals(withSettings(['deploy', ...flags].join(' '), context));
}

function failed(context: Context, code: number, options: DeployOptions, region: string): CliError {
  const again = deployAgain(options);
  if (options.dryRun)
    return new CliError(
      COMPARISON_FAILED,
      `cdk diff ended with exit code ${code}; its reason is above`,
      [again],
      'deployment-failed',
    );
  return new CliError(
    DEPLOY_FAILED,
    `cdk deploy ended with exit code ${code}; its reason is above`,
    [
      './bin/metals status',
      ...(options.rollback === false
        ? [`${again}    # goes on where it stopped`]
        : [
            `${deployAgain({ ...options, rollback: false })}    # keeps what a first creation that fails has made: its instances, to look at`,
            `${again}    # begins again with what was rolled back`,
          ]),
      `aws cloudformation describe-stack-events --stack-name ${cloudFormationStackName(context.stage, STACKS[STACKS.length - 1]!)} --region ${region}`,
    ],
    'deployment-failed',
  );
}

const leftBehind = (stage: string, region: string, again: string): string[] => [
  'CloudFormation finishes by itself what it has begun',
  `see it: aws cloudformation describe-stack-events --stack-name ${cloudFormationStackName(stage, 'pipeline')} --region ${region}`,
  `go on:  ${again}`,
];

const readOutputs = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // No stack had outputs, or nothing was deployed: then the CDK writes no file.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
};

export const verb: Verb<DeployOptions> = { failure: DEPLOY_FAILED, run: deploy, graceMs: GRACE_MS };

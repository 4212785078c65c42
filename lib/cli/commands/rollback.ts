import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { cloudFormationStackName, EXIT } from '../../contract';
import { DeadlineError } from '../../ssm/deadline';
import { withActivity } from '../activity';
import { putTemplate, readBundle } from '../assets-bucket';
import { differenceLine, type Difference } from '../bundle-differences';
import { clientsOf } from '../clients';
import { confirmOnTerminal, type Confirm } from '../confirm';
import type { Context } from '../context';
import { CliError } from '../errors';
import { lastDeployment } from '../last-deployment';
import { completeCommands } from '../next-command';
import { awaitUpdate, beginUpdate, readStack, type DeployedStack } from '../pipeline-update';
import {
  assertUpdatable,
  changedImages,
  chooseBefore,
  compare,
  HISTORY,
  NOT_STARTED,
  templateOf,
  utc,
} from '../rollback-choice';
import { assertDeployed, connect, type Connection } from '../systems-manager';
import { versionName, type Version } from '../versions';
import { GRACE_MS, type Verb } from '../verbs/verb';
import { runSmokeTest, showSmokeReport, type SmokeReport } from './smoke-test';

export const ROLLBACK_FAILED = 'the earlier version was not deployed';
/** As a deployment may take, with what CloudFormation takes back where it fails. */
const DEFAULT_TIMEOUT_SECONDS = 7_200;
const MOST_DIFFERENCES = 20;

export interface RollbackOptions {
  /** The beginning of its name in `metals history`. @default the previous one */
  readonly to?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** What AWS is asked, and who is; replaced by tests. */
export interface Surroundings {
  readonly confirm: Confirm;
  readonly readBundle: typeof readBundle;
  readonly putTemplate: typeof putTemplate;
  readonly runSmokeTest: typeof runSmokeTest;
}

const SURROUNDINGS: Surroundings = { confirm: confirmOnTerminal, readBundle, putTemplate, runSmokeTest };

/**
 * `metals rollback`: deploys a version that has converged before, by CloudFormation, and looks whether it serves. It takes the
 * template that is deployed, so it asks nothing of the folder that it is typed in, and changes nothing but bundle and images.
 */
export async function rollback(
  context: Context,
  options: RollbackOptions,
  surroundings: Surroundings = SURROUNDINGS,
): Promise<number> {
  const { terminal, stage } = context;
  context.failure = NOT_STARTED;
  assertUsable(context, options);
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-deploy', NOT_STARTED);
  const client = (await clientsOf(context, connection.region))(CloudFormationClient);
  try {
    const stack = await look(client, stage);
    const { from, to } = await chooseBefore(context, connection, stack, options.to);
    templateOf(stack, from, to);
    const differences = await compare(context, connection.region, from, to, surroundings.readBundle);
    report(context, from, to, differences);
    const value = {
      ...{ stage, from: from.name, to: to.name },
      differences: differences.map(({ file, setting, ...values }) => ({
        ...{ file, setting, from: values.from, to: values.to },
      })),
    };
    if (options.dryRun) {
      if (terminal.json) terminal.value({ ...value, rolled_back: false, smoke_test: null });
      else terminal.note('nothing was changed');
      return EXIT.ok;
    }
    if (!options.yes && !(await surroundings.confirm(`deploy version ${to.name} again?`, context.interrupted)))
      throw new CliError(NOT_STARTED, 'the answer was not yes', [`${rollbackTo(to)}    # asks again`], 'declined');
    // Whoever has answered late has answered for what was deployed then.
    const template = templateOf(await look(client, stage), from, to);
    await assertUnchanged(connection, stage, from, to);
    const url = await surroundings.putTemplate(context, connection.region, to.parameters.BundleBucket!, template);
    const isNew = await update(context, client, stack.name, to, url);
    const serves = await smoke(context, to, surroundings);
    if (terminal.json) terminal.value({ ...value, rolled_back: isNew, smoke_test: serves });
    else showSmokeReport(context, serves);
    terminal.note(completeCommands(verdict(to, serves), context.given));
    return serves.passed ? EXIT.ok : EXIT.unhealthy;
  } finally {
    client.destroy();
  }
}

const rollbackTo = ({ name }: Version): string => `./bin/metals rollback --to ${name}`;

const verdict = ({ name }: Version, { passed }: SmokeReport): string =>
  passed
    ? `version ${name} is deployed and serves; ./bin/metals deploy    # deploys what is in this folder: mend that first`
    : `version ${name} is deployed and does NOT serve as it should; next: ./bin/metals doctor`;

function assertUsable({ terminal }: Context, { to, yes, dryRun }: RollbackOptions): void {
  if (to !== undefined && !/^[0-9a-f]{4,12}$/.test(to))
    throw new CliError(
      NOT_STARTED,
      `--to: got "${to}", expected 4 to 12 characters that the name of a version begins with`,
      [HISTORY],
      'usage',
    );
  if (!yes && !dryRun && !terminal.interactive)
    throw new CliError(
      NOT_STARTED,
      'it asks before it deploys another version, and nobody can answer here: stdin is not a terminal',
      ['add --yes to go on without being asked, or --dry-run to see what would change'],
      'unconfirmed',
    );
}

/** The stack, which can be updated. @throws CliError */
async function look(client: CloudFormationClient, stage: string): Promise<DeployedStack> {
  const name = cloudFormationStackName(stage, 'pipeline');
  const stack = await readStack(client, name).catch((error: Error) => {
    if (error.name !== 'ValidationError') throw error;
    throw new CliError(NOT_STARTED, error.message, ['./bin/metals deploy'], 'not-deployed');
  });
  assertUpdatable(stack, stage);
  return stack;
}

/** @throws CliError where another version has converged since it was looked */
async function assertUnchanged({ ssm }: Connection, stage: string, from: Version, to: Version): Promise<void> {
  const now = versionName((await lastDeployment(ssm, stage)) ?? {});
  if (now === from.name) return;
  throw new CliError(
    NOT_STARTED,
    `version ${now} was deployed meanwhile, not ${from.name}`,
    [`${rollbackTo(to)} --dry-run    # compares with that`],
    'refused',
  );
}

function report({ terminal }: Context, from: Version, to: Version, differences: readonly Difference[]): void {
  const images = changedImages(from, to);
  terminal.note(`from version ${from.name} (${utc(from.at)}) to version ${to.name} (${utc(to.at)})`);
  if (images.length > 0) terminal.note(`  images: ${images.join(', ')}`);
  for (const difference of differences.slice(0, MOST_DIFFERENCES)) terminal.note(`  ${differenceLine(difference)}`);
  const more = differences.length - MOST_DIFFERENCES;
  if (more > 0) terminal.note(`  and ${more} more`);
}

/** @returns false where the stack has that version already @throws CliError with what failed first, where it was taken back */
async function update(
  context: Context,
  client: CloudFormationClient,
  stack: string,
  to: Version,
  templateUrl: string,
): Promise<boolean> {
  const events = `aws cloudformation describe-stack-events --stack-name ${stack} --max-items 20`;
  return withActivity(context.terminal, `CloudFormation deploys version ${to.name}`, async (activity) => {
    const token = await beginUpdate(client, stack, templateUrl).catch((error: Error) => {
      if (error.name !== 'ValidationError' && error.name !== 'Error') throw error;
      // CloudFormation reads the version of cdk bootstrap with the caller's rights.
      const isForbidden = /AccessDenied|not authorized|doesn't have permission/i.test(error.message);
      const next = isForbidden ? 'docs/aws.md names the rights, in the row "if it fails"' : events;
      throw new CliError(NOT_STARTED, error.message, [next], isForbidden ? 'forbidden' : 'refused');
    });
    if (token === undefined) return false;
    context.failure = `whether version ${to.name} is deployed is not known: CloudFormation goes on`;
    context.leaveBehind = ['CloudFormation finishes by itself what it has begun', `see it: ${events}`];
    const timeoutSeconds = context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
    const onWait = (reason: string): void => activity.waitsFor(reason);
    const { status, reason } = await awaitUpdate(client, stack, token, { timeoutSeconds, onWait }).catch((error) => {
      if (!(error instanceof DeadlineError)) throw error;
      throw new CliError(context.failure!, error.message, [events, './bin/metals status'], 'deadline');
    });
    context.leaveBehind = [];
    if (/^UPDATE_COMPLETE/.test(status)) return true;
    const isBack = status.startsWith('UPDATE_ROLLBACK_COMPLETE');
    const goOn = isBack
      ? `${rollbackTo(to)}    # tries again`
      : `npm run cdk -- rollback ${stack} --context stage=${context.stage}    # once the cause is removed`;
    throw new CliError(
      ROLLBACK_FAILED,
      `${reason || 'CloudFormation gives no reason'}\n${stack} is ${status}: ${isBack ? 'what was deployed is deployed again' : 'it was not taken back'}`,
      ['./bin/metals doctor', goOn, events],
      'deployment-failed',
    );
  });
}

/** @throws CliError where it could not be tried */
async function smoke(context: Context, to: Version, { runSmokeTest: run }: Surroundings): Promise<SmokeReport> {
  const failure = `version ${to.name} is deployed, and whether it serves is not known`;
  context.failure = failure;
  return run(context).catch((error: unknown) => {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(failure, error.why, error.next, error.code, { cause: error });
  });
}

export const verb: Verb<RollbackOptions> = { failure: ROLLBACK_FAILED, run: rollback, graceMs: GRACE_MS };

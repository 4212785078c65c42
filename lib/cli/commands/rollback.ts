import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { cloudFormationStackName, EXIT } from '../../contract';
import { withActivity } from '../activity';
import { differenceLine, type Difference } from '../bundle-differences';
import { clientsOf } from '../clients';
import { confirmOnTerminal, type Confirm } from '../confirm';
import type { Context } from '../context';
import { readBundle } from '../deployed-bundle';
import { CliError } from '../errors';
import { completeCommands } from '../next-command';
import { awaitUpdate, beginUpdate, MOST_TEMPLATE_BYTES, readTemplate, withVersion } from '../pipeline-update';
import { chooseBefore, compare, HISTORY, NOT_STARTED, utc } from '../rollback-choice';
import { assertDeployed, connect } from '../systems-manager';
import type { Version } from '../versions';
import { GRACE_MS, type Verb } from '../verbs/verb';
import { runSmokeTest, showSmokeReport } from './smoke-test';

export const ROLLBACK_FAILED = 'the version of before was not deployed';
/** As a deployment may take, with what CloudFormation takes back where it fails. */
const DEFAULT_TIMEOUT_SECONDS = 7_200;
const MOST_DIFFERENCES = 20;

export interface RollbackOptions {
  /** The beginning of its name in `metals history`. @default the version before */
  readonly to?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** What AWS is asked, and who is; replaced by tests. */
export interface Surroundings {
  readonly confirm: Confirm;
  readonly readBundle: typeof readBundle;
  readonly runSmokeTest: typeof runSmokeTest;
}

const SURROUNDINGS: Surroundings = { confirm: confirmOnTerminal, readBundle, runSmokeTest };

/**
 * `metals rollback`: deploys a version that has converged before, by CloudFormation, and looks whether it serves. It takes the
 * template that is deployed, so it asks nothing of the folder that it is typed in, and changes nothing but bundle and images.
 */
export async function rollback(
  context: Context,
  options: RollbackOptions,
  { confirm, readBundle: read, runSmokeTest: smoke }: Surroundings = SURROUNDINGS,
): Promise<number> {
  const { terminal, stage } = context;
  context.failure = NOT_STARTED;
  assertUsable(context, options);
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-deploy', NOT_STARTED);
  const { from, to } = await chooseBefore(context, connection, options.to);
  const differences = await compare(context, connection.region, from, to, read);
  report(context, from, to, differences);
  const value = {
    ...{ stage, from: from.name, to: to.name },
    differences: differences.map(({ file, setting, ...values }) => ({
      file,
      setting,
      from: values.from,
      to: values.to,
    })),
  };
  if (options.dryRun) {
    if (terminal.json) terminal.value({ ...value, rolled_back: false, serving: null });
    else terminal.note('nothing was changed');
    return EXIT.ok;
  }
  if (!options.yes && !(await confirm(`deploy version ${to.name} again?`, context.interrupted)))
    throw new CliError(
      NOT_STARTED,
      'the answer was not yes',
      [`./bin/metals rollback --to ${to.name}    # asks again`],
      'declined',
    );
  await update(context, connection.region, to);
  context.leaveBehind = [];
  context.failure = `version ${to.name} is deployed, and whether it serves is not known`;
  const serves = await smoke(context);
  if (terminal.json) terminal.value({ ...value, rolled_back: true, serving: serves.passed });
  else showSmokeReport(context, serves);
  const verdict = serves.passed ? 'serves' : 'does NOT serve as it should';
  terminal.note(
    completeCommands(
      `version ${to.name} is deployed and ${verdict}; ./bin/metals deploy    # deploys what is in its folder, whenever that is mended`,
      context.given,
    ),
  );
  return serves.passed ? EXIT.ok : EXIT.unhealthy;
}

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

function report({ terminal }: Context, from: Version, to: Version, differences: readonly Difference[]): void {
  const images = changedImages(from, to);
  terminal.note(`from version ${from.name} (${utc(from.at)}) to version ${to.name} (${utc(to.at)})`);
  if (images.length > 0) terminal.note(`  images: ${images.join(', ')}`);
  for (const difference of differences.slice(0, MOST_DIFFERENCES)) terminal.note(`  ${differenceLine(difference)}`);
  const more = differences.length - MOST_DIFFERENCES;
  if (more > 0) terminal.note(`  and ${more} more`);
}

function changedImages(from: Version, to: Version): string[] {
  const imagesOf = ({ parameters: { Images = '' } }: Version) =>
    new Map(Images.split(',').map((pair) => pair.split('=', 2) as [string, string]));
  const [before, after] = [imagesOf(from), imagesOf(to)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}

/** @throws CliError with what failed first, where CloudFormation has taken it back */
async function update(context: Context, region: string, to: Version): Promise<void> {
  const { terminal, stage } = context;
  const stack = cloudFormationStackName(stage, 'pipeline');
  const client = (await clientsOf(context, region))(CloudFormationClient);
  const events = `aws cloudformation describe-stack-events --stack-name ${stack} --max-items 20`;
  const again = `./bin/metals rollback --to ${to.name}`;
  try {
    const template = withVersion(await readTemplate(client, stack), to.parameters);
    if (Buffer.byteLength(template) > MOST_TEMPLATE_BYTES)
      throw new CliError(
        NOT_STARTED,
        `the template of ${stack} has ${Buffer.byteLength(template)} bytes, and CloudFormation takes ${MOST_TEMPLATE_BYTES} in a call`,
        ['deploy it from a checkout of that version: ./bin/metals deploy'],
        'refused',
      );
    context.failure = ROLLBACK_FAILED;
    context.leaveBehind = ['CloudFormation finishes by itself what it has begun', `see it: ${events}`];
    await withActivity(terminal, `CloudFormation deploys version ${to.name}`, async (activity) => {
      const token = await beginUpdate(client, stack, template);
      // Whoever has begun it before has ended it by now.
      if (token === undefined) return;
      const { status, reason } = await awaitUpdate(client, stack, token, {
        timeoutSeconds: context.timeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS,
        onWait: (what) => activity.waitsFor(what),
      });
      if (/^UPDATE_COMPLETE/.test(status)) return;
      throw new CliError(
        ROLLBACK_FAILED,
        `${reason || 'CloudFormation gives no reason'}\n${stack} is ${status}: ${status.startsWith('UPDATE_ROLLBACK_COMPLETE') ? 'what was deployed is deployed again' : 'it was not taken back'}`,
        ['./bin/metals doctor', `${again}    # tries again`, events],
        'deployment-failed',
      );
    });
  } catch (error) {
    // Another deployment is under way, or one has ended so that none can begin.
    if ((error as Error).name !== 'ValidationError') throw error;
    throw new CliError(NOT_STARTED, (error as Error).message, [events, `${again}    # then`], 'refused');
  } finally {
    client.destroy();
  }
}

export const verb: Verb<RollbackOptions> = { failure: ROLLBACK_FAILED, run: rollback, graceMs: GRACE_MS };

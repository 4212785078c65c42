import type { Command } from '@aws-sdk/client-ssm';
import { documentName, EXIT } from '../../contract';
import { formatRelease, RELEASE } from '../../release';
import { confirmOnTerminal, type Confirm } from '../confirm';
import type { Context } from '../context';
import { CliError } from '../errors';
import { deployed } from '../history';
import { completeCommands, withSettings } from '../next-command';
import { parametersOf, sentAtMs, sentCommands } from '../sent-commands';
import { assertDeployed, connect } from '../systems-manager';
import { GRACE_MS, type Verb } from '../verbs/verb';
import { deploy } from './deploy';
import { runSmokeTest, showSmokeReport } from './smoke-test';

export const ROLLBACK_FAILED = 'the version of before was not deployed again';
const HISTORY = './bin/metals history';
const SHORT = 12;

export interface RollbackOptions {
  /** The beginning of the SHA-256 of its bundle. @default the version before */
  readonly to?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly context?: readonly string[];
}

interface Version {
  readonly at: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** What a rollback runs; replaced by tests. */
export interface Steps {
  readonly deploy: typeof deploy;
  readonly runSmokeTest: typeof runSmokeTest;
}

/**
 * `metals rollback`: deploys a version again that has converged before, with its bundle and its images, and sends a price through
 * it. By CloudFormation, so that whatever comes next knows of it; nothing is built, and no other stack is touched.
 */
export async function rollback(
  context: Context,
  options: RollbackOptions,
  confirm: Confirm = confirmOnTerminal,
  steps: Steps = { deploy, runSmokeTest },
): Promise<number> {
  const { terminal, stage, given } = context;
  if (options.to !== undefined && !/^[0-9a-f]{4,64}$/.test(options.to))
    throw new CliError(
      ROLLBACK_FAILED,
      `--to: got "${options.to}", expected 4 or more of the characters that name a bundle`,
      [`${HISTORY}    # shows them`],
      'usage',
    );
  if (!options.yes && !options.dryRun && !terminal.interactive)
    throw new CliError(
      ROLLBACK_FAILED,
      'it asks before it deploys another version, and nobody can answer here: stdin is not a terminal',
      ['add --yes to go on without being asked, or --dry-run to see which version it would be'],
      'unconfirmed',
    );
  const connection = await connect(context);
  await assertDeployed(context, connection, 'stack-deploy', ROLLBACK_FAILED);
  const versions = versionsOf(await sentCommands(connection.ssm, documentName(stage, 'stack-deploy')));
  const { from, to } = choose(versions, options.to);
  terminal.note(`from the version of ${from.at} to that of ${to.at}: ${deployed(to.parameters, from.parameters)}`);
  if (options.dryRun) {
    terminal.note('nothing was changed');
    if (terminal.json) terminal.value({ stage, rolled_back: false, serving: null, from: named(from), to: named(to) });
    return EXIT.ok;
  }
  if (!options.yes && !(await confirm('roll back?', context.interrupted)))
    throw new CliError(ROLLBACK_FAILED, 'the answer was not yes: nothing was changed', [HISTORY], 'declined');
  const release = formatRelease({
    bundleKey: to.parameters.BundleKey!,
    bundleSha256: to.parameters.BundleSha256!,
    images: to.parameters.Images!,
  });
  const again = withSettings(`./bin/metals rollback --to ${named(to)}`, options.context);
  await steps.deploy(
    context,
    { yes: true, preflight: false, context: [...(options.context ?? []), `release=${release}`] },
    undefined,
    undefined,
    { only: 'pipeline', again, tells: false },
  );
  context.failure = 'it was rolled back, and whether it serves is not known';
  const report = await steps.runSmokeTest(context);
  if (terminal.json)
    terminal.value({ stage, rolled_back: true, serving: report.passed, from: named(from), to: named(to) });
  else showSmokeReport(context, report);
  const state = report.passed ? 'rolled back, and serving' : 'rolled back, and NOT serving as it should: see above';
  terminal.note(completeCommands(`${state}; ./bin/metals deploy    # brings back what is in this folder`, given));
  return report.passed ? EXIT.ok : EXIT.unhealthy;
}

const named = ({ parameters }: Version): string => parameters.BundleSha256!.slice(0, SHORT);

/** Pure: what CloudFormation has deployed and what has converged, the newest first, each once. */
export function versionsOf(commands: readonly Command[]): Version[] {
  const versions = new Map<string, Version>();
  for (const command of commands) {
    const parameters = parametersOf(command);
    if (command.Status !== 'Success' || !command.Comment?.startsWith('CloudFormation')) continue;
    const key = `${parameters.BundleSha256} ${parameters.Images}`;
    if (!versions.has(key)) versions.set(key, { at: new Date(sentAtMs(command)).toISOString(), parameters });
  }
  return [...versions.values()];
}

/** Pure. @throws CliError where there is none, several, or one that cannot be deployed */
export function choose(
  versions: readonly Version[],
  wanted?: string,
): { readonly from: Version; readonly to: Version } {
  const refuse = (why: string): CliError => new CliError(ROLLBACK_FAILED, why, [HISTORY], 'refused');
  const [from, ...others] = versions;
  if (!from) throw refuse('no deployment of the last 30 days has converged, and Systems Manager keeps no older ones');
  const found = others.filter(({ parameters }) => parameters.BundleSha256!.startsWith(wanted ?? ''));
  const [to] = found;
  if (!to)
    throw refuse(
      wanted === undefined
        ? 'no other version was deployed in the last 30 days, and Systems Manager keeps no older ones'
        : from.parameters.BundleSha256!.startsWith(wanted)
          ? `bundle ${wanted} is what is deployed`
          : `no version with bundle ${wanted} has converged in the last 30 days`,
    );
  const bundles = new Set(found.map(({ parameters }) => parameters.BundleSha256));
  if (wanted !== undefined && bundles.size > 1) throw refuse(`${bundles.size} bundles begin with ${wanted}`);
  if (to.parameters.KafkaMode !== from.parameters.KafkaMode)
    throw refuse(
      `that version kept Kafka's metadata in ${to.parameters.KafkaMode} mode; its data are now in ${from.parameters.KafkaMode} mode`,
    );
  const { BundleKey: bundleKey = '', BundleSha256: bundleSha256 = '', Images: images = '' } = to.parameters;
  if (!RELEASE.pattern.test(formatRelease({ bundleKey, bundleSha256, images })))
    throw refuse(`the command of ${to.at} does not say all of what it deployed`);
  return { from, to };
}

export const verb: Verb<RollbackOptions> = { failure: ROLLBACK_FAILED, run: rollback, graceMs: GRACE_MS };

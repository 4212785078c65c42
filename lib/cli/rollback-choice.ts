/** Which version a rollback goes back to, and whether it may. */
import { withActivity } from './activity';
import type { ReadBundle, readBundle } from './assets-bucket';
import { bundleDifferences, differenceLine, type Difference, type Files } from './bundle-differences';
import type { Context } from './context';
import { CliError } from './errors';
import { lastDeployment } from './last-deployment';
import { withVersion, type DeployedStack } from './pipeline-update';
import { sentCommands } from './sent-commands';
import type { Connection } from './systems-manager';
import { chooseVersion, imagesOf, versionName, versionsOf, type Version } from './versions';

export const NOT_STARTED = 'nothing was rolled back';
export const HISTORY = './bin/metals history    # shows the versions';
const MOST_NAMED = 5;
/** Their data may have been written by a newer version than an older one reads. */
const ENGINES = ['kafka', 'zookeeper', 'mongodb'];
const MEND = './bin/metals deploy    # once what is wrong with the present version is mended in its folder';

/** Pure. */
export const utc = (at: string): string =>
  at === '' ? 'more than 30 days ago' : `${at.slice(0, 19).replace('T', ' ')} UTC`;

/** Pure: whether CloudFormation takes an update. @throws CliError with what ends the state */
export function assertUpdatable({ name, status }: DeployedStack, stage: string): void {
  const events = `aws cloudformation describe-stack-events --stack-name ${name} --max-items 20`;
  const refuse = (why: string, next: readonly string[]): CliError =>
    new CliError(NOT_STARTED, `${name} is ${status}: ${why}`, next, 'refused');
  if (status.endsWith('_IN_PROGRESS') && !status.startsWith('UPDATE_COMPLETE_CLEANUP'))
    throw refuse('another deployment is under way', [`${events}    # until it has ended`]);
  if (status === 'UPDATE_ROLLBACK_FAILED')
    throw refuse('CloudFormation could not take back a deployment', [
      events,
      `npm run cdk -- rollback ${name} --context stage=${stage}    # once the cause is removed`,
    ]);
  if (status.endsWith('_FAILED'))
    throw refuse('a deployment with --no-rollback has not ended', [
      './bin/metals deploy --no-rollback    # goes on from there',
      events,
    ]);
}

/** @throws CliError where there is none that can be chosen */
export async function chooseBefore(
  { stage }: Context,
  { ssm }: Connection,
  stack: DeployedStack,
  wanted: string | undefined,
): Promise<{ readonly from: Version; readonly to: Version }> {
  const parameters = await lastDeployment(ssm, stage);
  if (parameters === undefined)
    throw new CliError(
      NOT_STARTED,
      `no deployment of stage ${stage} has converged yet, so there is none to go back from`,
      ['./bin/metals deploy'],
      'refused',
    );
  const versions = versionsOf(await sentCommands(ssm, stage, 'stack-deploy'), stage, stack.createdAt);
  const name = versionName(parameters);
  const choice = chooseVersion(versions, name, stack.isRolledBack, wanted);
  if ('refusal' in choice) {
    const named = choice.others.slice(0, MOST_NAMED);
    throw new CliError(
      NOT_STARTED,
      choice.refusal,
      [...named.map((version) => `./bin/metals rollback --to ${version.name}    # of ${utc(version.at)}`), HISTORY],
      'refused',
    );
  }
  return { from: versions.find((version) => version.name === name) ?? { name, at: '', parameters }, to: choice.to };
}

/** The template with the other version. @throws CliError where it holds another one than `from` */
export function templateOf(stack: DeployedStack, from: Version, to: Version): string {
  const template = withVersion(stack.template, from.parameters, to.parameters);
  if (template !== undefined) return template;
  throw new CliError(
    NOT_STARTED,
    `the template of ${stack.name} holds another version than ${from.name}, which converged last: another deployment is under way, or has failed half way`,
    ['./bin/metals status', HISTORY],
    'refused',
  );
}

/** @throws CliError where the version has gone, or keeps its data in another way */
export async function compare(
  context: Context,
  region: string,
  from: Version,
  to: Version,
  read: typeof readBundle,
): Promise<Difference[]> {
  const refuse = (why: string, next: readonly string[] = [MEND, HISTORY]): CliError =>
    new CliError(NOT_STARTED, why, next, 'refused');
  const both = [from.parameters, to.parameters];
  for (const name of ['KafkaMode', 'BundleBucket'] as const) {
    const [now, then] = both.map((parameters) => parameters[name]);
    if (now !== then) throw refuse(`version ${to.name} was deployed with ${name} ${then}, and ${now} is deployed`);
  }
  const engines = changedImages(from, to).filter((name) => ENGINES.includes(name));
  if (engines.length > 0)
    throw refuse(
      `version ${to.name} has another image of ${engines.join(' and ')}, and an older engine may not read what a newer one has written`,
    );
  const [before, after] = await withActivity(context.terminal, 'reading both versions', () =>
    Promise.all(both.map((parameters) => read(context, region, parameters))),
  );
  const filesOf = (version: Version, found: ReadBundle): Files => {
    if ('why' in found) throw refuse(`the bundle of version ${version.name}: ${found.why}`, [HISTORY, MEND]);
    return found;
  };
  const differences = bundleDifferences(filesOf(from, before!), filesOf(to, after!));
  const blocking = differences.filter(({ blocksRollback }) => blocksRollback);
  if (blocking.length > 0)
    throw refuse(
      [
        `version ${to.name} stores data, or logs in, in another way; going back could delete or hide what is stored:`,
        ...blocking.slice(0, MOST_NAMED).map(differenceLine),
      ].join('\n'),
    );
  return differences;
}

/** Pure: names of the images that differ. */
export function changedImages(from: Version, to: Version): string[] {
  const [before, after] = [imagesOf(from.parameters), imagesOf(to.parameters)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}

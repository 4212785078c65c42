/** Which version a rollback goes back to, and whether it may. */
import { paginateListCommands, type Command, type SSMClient } from '@aws-sdk/client-ssm';
import { documentName } from '../contract';
import { withActivity } from './activity';
import { bundleDifferences, differenceLine, type Difference } from './bundle-differences';
import type { Context } from './context';
import type { readBundle } from './deployed-bundle';
import { CliError } from './errors';
import { lastDeployment } from './last-deployment';
import type { Connection } from './systems-manager';
import { chooseVersion, versionName, versionsOf, type Version } from './versions';

export const NOT_STARTED = 'nothing was rolled back';
export const HISTORY = './bin/metals history    # shows the versions';
const MOST_NAMED = 5;

/** Pure. */
export const utc = (at: string): string =>
  at === '' ? 'more than 30 days ago' : `${at.slice(0, 19).replace('T', ' ')} UTC`;

/** @throws CliError where there is none that can be chosen */
export async function chooseBefore(
  { stage }: Context,
  { ssm }: Connection,
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
  const versions = versionsOf(await sentCommands(ssm, stage), stage);
  const name = versionName(parameters);
  const choice = chooseVersion(versions, name, wanted);
  if ('refusal' in choice) {
    const named = choice.others.slice(0, MOST_NAMED);
    throw new CliError(
      NOT_STARTED,
      choice.refusal,
      [...named.map((version) => `./bin/metals rollback --to ${version.name}    # of ${utc(version.at)}`), HISTORY],
      'refused',
    );
  }
  const from = versions.find((version) => version.name === name) ?? { name, at: '', parameters };
  return { from, to: choice.to };
}

async function sentCommands(ssm: SSMClient, stage: string): Promise<Command[]> {
  const commands: Command[] = [];
  for (const id of ['stack-deploy', 'stack-remove'] as const) {
    const Filters = [{ key: 'DocumentName' as const, value: documentName(stage, id) }];
    for await (const { Commands = [] } of paginateListCommands({ client: ssm }, { Filters }))
      commands.push(...Commands);
  }
  return commands;
}

/** @throws CliError where the version has gone, or keeps its data in another way */
export async function compare(
  context: Context,
  region: string,
  from: Version,
  to: Version,
  read: typeof readBundle,
): Promise<Difference[]> {
  const refuse = (why: string): CliError =>
    new CliError(
      NOT_STARTED,
      why,
      ['./bin/metals deploy    # from a checkout of that version, with the settings of now', HISTORY],
      'refused',
    );
  const both = [from.parameters, to.parameters];
  for (const name of ['KafkaMode', 'BundleBucket'] as const) {
    const [now, then] = both.map((parameters) => parameters[name]);
    if (now !== then) throw refuse(`version ${to.name} was deployed with ${name} ${then}, and ${now} is deployed`);
  }
  const [before, after] = await withActivity(context.terminal, 'reading both versions', () =>
    Promise.all(both.map((parameters) => read(context, region, parameters))),
  );
  const gone = before === undefined ? from : after === undefined ? to : undefined;
  if (before === undefined || after === undefined)
    throw refuse(`the bundle of version ${gone!.name} is no longer in bucket ${to.parameters.BundleBucket}`);
  const differences = bundleDifferences(before, after);
  const blocking = differences.filter(({ blocksRollback }) => blocksRollback);
  if (blocking.length > 0)
    throw refuse(
      [
        `version ${to.name} keeps its data, or logs in, in another way; going back could delete or hide what is stored:`,
        ...blocking.slice(0, MOST_NAMED).map(differenceLine),
      ].join('\n'),
    );
  return differences;
}

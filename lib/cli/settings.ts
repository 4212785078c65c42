/** Settings of lib/config.ts as they were typed, and whether a deployment may have them. */
import { readCdkContext } from '../cdk-json';
import { readConfig } from '../config';
import { ConfigError } from '../config-error';
import { LAB_ACCOUNT_ID } from '../contract';
import type { Context } from './context';
import { CliError } from './errors';
import { connect } from './systems-manager';

/** No setting depends on which account or image it is. */
const ANY_ACCOUNT_ID = '123456789012';
const ANY_IMAGE_ID = 'ami-00000000000000000';

/**
 * Settings as they were typed, `key=value`; of a key that stands twice the last counts, as in the CDK.
 *
 * @param failure what did not happen, when one is refused
 * @param command the command to type with a setting
 * @param otherStage what to do about a stage: hints and the versions of secrets would be those of another one
 * @throws CliError for the first that has no value, or is the stage
 */
export function parseSettings(
  pairs: readonly string[],
  failure: string,
  command: string,
  otherStage = (stage: string) => `use --stage: ${command} --stage ${stage}`,
): Record<string, string> {
  const settings = pairs.map((pair): [string, string] => {
    const match = /^([^=]+)=(.*)$/s.exec(pair);
    if (match?.[1] === 'stage')
      throw new CliError(failure, '--context: the stage is no setting here', [otherStage(match[2]!)], 'usage');
    if (match) return [match[1]!, match[2]!];
    const why = `--context: got "${pair}", expected key=value`;
    throw new CliError(failure, why, ['add --context KEY=VALUE, such as --context workers=3'], 'usage');
  });
  return Object.fromEntries(settings);
}

/** All CDK context of a deployment: cdk.json's, the stage, and what was typed; unchecked. @throws CliError */
export const contextSettings = (
  { stage }: Pick<Context, 'stage'>,
  pairs: readonly string[],
  failure: string,
  command: string,
): Record<string, unknown> => ({ ...readCdkContext(), stage, ...parseSettings(pairs, failure, command) });

/**
 * All CDK context of a deployment: cdk.json's, the stage, and what was typed. Keys, ranges and what contradicts each other
 * are checked without an account, so that a slip is told before anybody signs in.
 *
 * @throws CliError with every problem at once; the SDK's error when no region is set
 */
export async function readSettings(
  context: Context,
  pairs: readonly string[],
  failure: string,
  command: string,
): Promise<Record<string, unknown>> {
  const settings = contextSettings(context, pairs, failure, command);
  const { region } = await connect(context);
  const account = context.isLab ? LAB_ACCOUNT_ID : ANY_ACCOUNT_ID;
  try {
    readConfig({ amiId: ANY_IMAGE_ID, ...settings }, { account, region });
  } catch (error) {
    throw configProblem(error, failure, command);
  }
  return settings;
}

/** Pure: a ConfigError as the user reads it; any other error as it is. */
export function configProblem(error: unknown, failure: string, command: string): unknown {
  if (!(error instanceof ConfigError)) return error;
  const next = [`${command} --help`, 'lib/config.ts describes every setting'];
  return new CliError(failure, error.message, next, 'configuration', { cause: error });
}

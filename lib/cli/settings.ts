import { EXIT } from '../contract';
import { CliError } from './errors';

/**
 * Settings of lib/config.ts as they were typed, `key=value`; of a key that stands twice the last counts, as in the CDK.
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
      throw new CliError(failure, '--context: the stage is no setting here', [otherStage(match[2]!)], EXIT.usage);
    if (match) return [match[1]!, match[2]!];
    const why = `--context: got "${pair}", expected key=value`;
    throw new CliError(failure, why, [`${command} --context kafkaMode=kraft`], EXIT.usage);
  });
  return Object.fromEntries(settings);
}

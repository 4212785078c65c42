/** The value of `secretVersions` in lib/config.ts that stands for the versions of a stage's secrets. */
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { cloudFormationStackName, NO_SECRET_VERSIONS, VERSIONS_OUTPUT } from '../contract';
import { readExternalVersionIds, readVersionIds } from '../secret-versions';
import { clientsOf, type Caller } from './clients';
import type { Context } from './context';
import { digestOf } from './digest';
import { readOutput } from './stack-output';

/**
 * Pure: another value as soon as one secret has another current version, and that of `cdk deploy` by itself as long as
 * none has, so that one changes nothing after the other.
 *
 * @param current the version of each secret
 * @param deployed what the stack was deployed with, as its output says; missing: not known
 */
export function versionsSetting(current: readonly string[], deployed?: string): string {
  if (deployed === [...current, NO_SECRET_VERSIONS].join(',')) return NO_SECRET_VERSIONS;
  return digestOf(current);
}

/**
 * The setting for the versions that are current.
 *
 * @throws the SDK's error when one may not be described
 */
export async function readSecretVersions(context: Caller & Pick<Context, 'stage'>, region: string): Promise<string> {
  const { stage } = context;
  const client = await clientsOf(context, region);
  const secrets = client(SecretsManagerClient);
  const stacks = client(CloudFormationClient);
  try {
    const current = [...(await readVersionIds(secrets, stage)), ...(await readExternalVersionIds(secrets, stage))];
    return versionsSetting(
      current,
      await readOutput(stacks, cloudFormationStackName(stage, 'pipeline'), VERSIONS_OUTPUT),
    );
  } finally {
    secrets.destroy();
    stacks.destroy();
  }
}

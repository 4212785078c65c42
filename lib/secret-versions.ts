/** Which versions a stage's secrets have: what a deployment reads before the CDK starts, and the preflight before that. */
import { DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { EXTERNAL_SECRETS, type ExternalSecretId, SECRETS, secretName, type SecretId } from './contract';

/**
 * The id of each secret's current version, never a value; '' for a secret that does not exist yet.
 *
 * @throws the SDK's error when one may not be described
 */
export const readVersionIds = (client: SecretsManagerClient, stage: string): Promise<string[]> =>
  Promise.all((Object.keys(SECRETS) as SecretId[]).map((id) => readVersionId(client, stage, id)));

/** Those of the logins of external engines, of those that are there and may be described. */
export async function readExternalVersionIds(client: SecretsManagerClient, stage: string): Promise<string[]> {
  const ids = Object.keys(EXTERNAL_SECRETS) as ExternalSecretId[];
  const found = await Promise.all(
    ids.map((id) =>
      readVersionId(client, stage, id).catch((error: Error) => {
        // Of one that is not there, IAM may say that instead.
        if (error.name === 'AccessDeniedException') return '';
        throw error;
      }),
    ),
  );
  return found.filter((version) => version !== '');
}

/** The same of one secret. */
export async function readVersionId(
  client: SecretsManagerClient,
  stage: string,
  id: SecretId | ExternalSecretId,
): Promise<string> {
  try {
    const command = new DescribeSecretCommand({ SecretId: secretName(stage, id) });
    const { VersionIdsToStages: stages } = await client.send(command);
    return Object.entries(stages ?? {}).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0] ?? '';
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return '';
    throw error;
  }
}

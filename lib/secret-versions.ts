/** Which versions a stage's secrets have: what a deployment reads before the CDK starts, and the preflight before that. */
import { DescribeSecretCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SECRETS, secretName, type SecretId } from './contract';

/**
 * The id of each secret's current version, never a value; '' for a secret that does not exist yet.
 *
 * @throws the SDK's error when one may not be described
 */
export const readVersionIds = (client: SecretsManagerClient, stage: string): Promise<string[]> =>
  Promise.all((Object.keys(SECRETS) as SecretId[]).map((id) => currentVersion(client, secretName(stage, id))));

async function currentVersion(client: SecretsManagerClient, name: string): Promise<string> {
  try {
    const { VersionIdsToStages: stages } = await client.send(new DescribeSecretCommand({ SecretId: name }));
    return Object.entries(stages ?? {}).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0] ?? '';
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return '';
    throw error;
  }
}

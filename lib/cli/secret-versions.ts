/** The value of `secretVersions` in lib/config.ts that stands for the versions of a stage's secrets. */
import { createHash } from 'node:crypto';
import { DescribeSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { boundCalls } from '../aws-client';
import { SECRETS, secretName, type SecretId } from '../contract';
import type { Context } from './context';

const DIGEST_LENGTH = 16;

/** Pure: another digest as soon as one secret has another current version. */
export const digestOf = (versionIds: readonly string[]): string =>
  createHash('sha256').update(versionIds.join(',')).digest('hex').slice(0, DIGEST_LENGTH);

/**
 * Ids of versions, never values. A secret that does not exist yet has none.
 *
 * @throws the SDK's error when one may not be described
 */
export async function readSecretVersions(
  context: Pick<Context, 'stage' | 'profile' | 'interrupted' | 'timeoutSeconds'>,
  region: string,
): Promise<string> {
  const { profile, interrupted: signal, timeoutSeconds } = context;
  const client = boundCalls(new SecretsManagerClient({ region, profile, maxAttempts: 3 }), { signal, timeoutSeconds });
  try {
    const ids = Object.keys(SECRETS) as SecretId[];
    return digestOf(await Promise.all(ids.map((id) => currentVersion(client, secretName(context.stage, id)))));
  } finally {
    client.destroy();
  }
}

async function currentVersion(client: SecretsManagerClient, name: string): Promise<string> {
  try {
    const { VersionIdsToStages: stages } = await client.send(new DescribeSecretCommand({ SecretId: name }));
    return Object.entries(stages ?? {}).find(([, labels]) => labels.includes('AWSCURRENT'))?.[0] ?? '';
  } catch (error) {
    if ((error as Error).name === 'ResourceNotFoundException') return '';
    throw error;
  }
}

/** The value of `secretVersions` in lib/config.ts that stands for the versions of a stage's secrets. */
import { createHash } from 'node:crypto';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { boundCalls, clientConfig } from '../aws-client';
import { readVersionIds } from '../secret-versions';
import type { Context } from './context';

const DIGEST_LENGTH = 16;

/** Pure: another digest as soon as one secret has another current version. */
export const digestOf = (versionIds: readonly string[]): string =>
  createHash('sha256').update(versionIds.join(',')).digest('hex').slice(0, DIGEST_LENGTH);

/**
 * The digest of the versions that are current.
 *
 * @throws the SDK's error when one may not be described
 */
export async function readSecretVersions(
  context: Pick<Context, 'stage' | 'profile' | 'endpoint' | 'terminal' | 'interrupted' | 'timeoutSeconds'>,
  region: string,
): Promise<string> {
  const { profile, endpoint, terminal, interrupted: signal, timeoutSeconds } = context;
  const config = await clientConfig({ region, profile, endpoint, env: terminal.io.env });
  const client = boundCalls(new SecretsManagerClient(config), { signal, timeoutSeconds });
  try {
    return digestOf(await readVersionIds(client, context.stage));
  } finally {
    client.destroy();
  }
}

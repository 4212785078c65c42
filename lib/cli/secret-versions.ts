/** The value of `secretVersions` in lib/config.ts that stands for the versions of a stage's secrets. */
import { createHash } from 'node:crypto';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { boundCalls, clientConfig } from '../aws-client';
import { cloudFormationStackName, NO_SECRET_VERSIONS, VERSIONS_OUTPUT } from '../contract';
import { readVersionIds } from '../secret-versions';
import type { Context } from './context';
import { readOutput } from './stack-output';

const DIGEST_LENGTH = 16;

/**
 * Pure: another value as soon as one secret has another current version, and that of `cdk deploy` by itself as long as
 * none has, so that one changes nothing after the other.
 *
 * @param current the version of each secret
 * @param deployed what the stack was deployed with, as its output says; missing: not known
 */
export function versionsSetting(current: readonly string[], deployed?: string): string {
  if (deployed === [...current, NO_SECRET_VERSIONS].join(',')) return NO_SECRET_VERSIONS;
  return createHash('sha256').update(current.join(',')).digest('hex').slice(0, DIGEST_LENGTH);
}

/**
 * The setting for the versions that are current.
 *
 * @throws the SDK's error when one may not be described
 */
export async function readSecretVersions(
  context: Pick<Context, 'stage' | 'profile' | 'endpoint' | 'terminal' | 'interrupted' | 'timeoutSeconds'>,
  region: string,
): Promise<string> {
  const { stage, profile, endpoint, terminal, interrupted: signal, timeoutSeconds } = context;
  const config = await clientConfig({ region, profile, endpoint, env: terminal.io.env });
  const secrets = boundCalls(new SecretsManagerClient(config), { signal, timeoutSeconds });
  const stacks = boundCalls(new CloudFormationClient(config), { signal, timeoutSeconds });
  try {
    const current = await readVersionIds(secrets, stage);
    return versionsSetting(
      current,
      await readOutput(stacks, cloudFormationStackName(stage, 'pipeline'), VERSIONS_OUTPUT),
    );
  } finally {
    secrets.destroy();
    stacks.destroy();
  }
}

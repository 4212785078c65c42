/** The real secret values, from Secrets Manager. */
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SECRETS, secretName, type Principal, type SecretId } from '../../../lib/contract';

export const stage = (): string => process.env.METALS_STAGE ?? 'lab';

async function read(id: SecretId): Promise<string> {
  const client = new SecretsManagerClient({});
  const reply = await client.send(new GetSecretValueCommand({ SecretId: secretName(stage(), id) }));
  if (!reply.SecretString) throw new Error(`secret ${id} is empty`);
  return reply.SecretString;
}

export const apiKey = (): Promise<string> => read('api-key');

export async function password(id: 'mongodb-password' | 'kafka-password', principal: Principal): Promise<string> {
  const value = (JSON.parse(await read(id)) as Partial<Record<Principal, string>>)[principal];
  if (!value) throw new Error(`secret ${id} has no password for ${principal}`);
  return value;
}

/** Every secret value of the stage, by a name for messages. */
export async function allSecretValues(): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const [id, principals] of Object.entries(SECRETS)) {
    if (principals.length === 0) values.set(id, await read(id as SecretId));
    for (const principal of principals) {
      values.set(`${id} of ${principal}`, await password(id as 'kafka-password', principal));
    }
  }
  return values;
}

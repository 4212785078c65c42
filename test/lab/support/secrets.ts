/** The real secret values, from Secrets Manager. */
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { SECRETS, secretName, type ExternalSecretId, type Principal, type SecretId } from '../../../lib/contract';

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

/** Does as the owner of an external engine does: makes the secret, or gives it another value. */
export async function putSecret(id: ExternalSecretId, SecretString: string): Promise<void> {
  const client = new SecretsManagerClient({});
  const name = secretName(stage(), id);
  try {
    await client.send(new PutSecretValueCommand({ SecretId: name, SecretString }));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
    await client.send(new CreateSecretCommand({ Name: name, SecretString }));
  }
}

/** At once, so that the name is free again. One that is not there is no failure. */
export async function removeSecret(id: ExternalSecretId): Promise<void> {
  const deletion = { SecretId: secretName(stage(), id), ForceDeleteWithoutRecovery: true };
  try {
    await new SecretsManagerClient({}).send(new DeleteSecretCommand(deletion));
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
}

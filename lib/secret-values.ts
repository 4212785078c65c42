/** Values of secrets: how they are made, and how several passwords stand in one. */
import { GetRandomPasswordCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

/** By principal. */
export type Passwords = Readonly<Record<string, string>>;

const PASSWORD_LENGTH = 32;

/** Letters and digits, as every file takes them that a password is written to. */
export async function generatePassword(client: SecretsManagerClient, what: string): Promise<string> {
  const { RandomPassword } = await client.send(
    new GetRandomPasswordCommand({ PasswordLength: PASSWORD_LENGTH, ExcludePunctuation: true }),
  );
  if (!RandomPassword) throw new Error(`no password was generated for ${what}`);
  return RandomPassword;
}

export async function generatePasswords(
  client: SecretsManagerClient,
  principals: readonly string[],
): Promise<Passwords> {
  const passwords: Record<string, string> = {};
  for (const principal of principals) passwords[principal] = await generatePassword(client, principal);
  return passwords;
}

/** @throws Error without the value, which JSON's own would quote */
export function parsePasswords(secret: string, value: string | undefined): Passwords {
  try {
    const parsed: unknown = JSON.parse(value ?? '');
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Passwords;
  } catch {
    // Told below.
  }
  throw new Error(
    `${secret} holds no JSON object of passwords by principal; correct it: ` +
      `aws secretsmanager put-secret-value --secret-id ${secret} --secret-string file://FILE`,
  );
}

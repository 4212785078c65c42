import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import type { PrincipalSecret } from './principal-passwords';

interface Event {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  readonly PhysicalResourceId?: string;
  readonly ResourceProperties: { readonly Secrets: string };
}

interface Result {
  readonly PhysicalResourceId: string;
  readonly Data?: { readonly Versions: string };
}

const PASSWORD_LENGTH = 32;

/** Principals of a secret that have no password yet. */
export function missingPrincipals(
  passwords: Readonly<Record<string, string>>,
  principals: readonly string[],
): string[] {
  return principals.filter((principal) => !passwords[principal]);
}

/** The current version's id, without the value. */
async function currentVersion(client: SecretsManagerClient, arn: string): Promise<string> {
  const { VersionIdsToStages: stages } = await client.send(new DescribeSecretCommand({ SecretId: arn }));
  const current = Object.entries(stages ?? {}).find(([, names]) => names.includes('AWSCURRENT'));
  if (!current) throw new Error(`secret ${arn} has no current version`);
  return current[0];
}

/** Adds what is missing and returns the id of the secret's current version. */
async function complete(client: SecretsManagerClient, secret: PrincipalSecret): Promise<string> {
  if (secret.principals.length === 0) return currentVersion(client, secret.arn);
  const current = await client.send(new GetSecretValueCommand({ SecretId: secret.arn }));
  const passwords = JSON.parse(current.SecretString ?? '{}') as Record<string, string>;
  const missing = missingPrincipals(passwords, secret.principals);
  if (missing.length === 0) return current.VersionId ?? '';
  for (const principal of missing) {
    const generated = await client.send(
      new GetRandomPasswordCommand({ PasswordLength: PASSWORD_LENGTH, ExcludePunctuation: true }),
    );
    if (!generated.RandomPassword) throw new Error(`no password was generated for ${principal} of ${secret.arn}`);
    passwords[principal] = generated.RandomPassword;
  }
  const put = await client.send(
    new PutSecretValueCommand({ SecretId: secret.arn, SecretString: JSON.stringify(passwords) }),
  );
  console.log(`added ${missing.join(', ')} to ${secret.arn}`);
  return put.VersionId ?? '';
}

/** CloudFormation's events, as the CDK provider framework passes them on. */
export async function handle(event: Event, client: SecretsManagerClient): Promise<Result> {
  const PhysicalResourceId = event.PhysicalResourceId ?? 'principal-passwords';
  // The secrets themselves are resources of the stack: there is nothing of ours to delete.
  if (event.RequestType === 'Delete') return { PhysicalResourceId };
  const secrets = JSON.parse(event.ResourceProperties.Secrets) as PrincipalSecret[];
  const versions = await Promise.all(secrets.map((secret) => complete(client, secret)));
  return { PhysicalResourceId, Data: { Versions: versions.join(',') } };
}

const client = new SecretsManagerClient({});
export const handler = (event: Event): Promise<Result> => handle(event, client);

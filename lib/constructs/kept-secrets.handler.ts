import {
  CreateSecretCommand,
  DeleteSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  RestoreSecretCommand,
  SecretsManagerClient,
  TagResourceCommand,
} from '@aws-sdk/client-secrets-manager';
import { TAG } from '../contract';
import { generatePassword, generatePasswords, parsePasswords, type Passwords } from '../secret-values';
import { asTagList, type DataTags, type KeptDataEvent, type KeptDataResult, type OnDelete } from './kept-data';
import { throughLateGrants } from './late-grants';
import { inWords, reason } from './reason';

/** Properties of `Custom::KeptSecret`; CloudFormation passes every scalar as a string. */
export interface SecretProperties {
  readonly Name: string;
  readonly Description: string;
  readonly Stage: string;
  /** Separated by commas: the value is a JSON object with a password for each. Empty: the value is one password. */
  readonly Principals: string;
  readonly OnDelete: OnDelete;
  /** Of the configuration; a tag that is not named any more stays. */
  readonly Tags?: DataTags;
}

/** A secret as it is after the deployment: never its value. */
interface Kept {
  readonly arn: string;
  readonly version: string;
}

/** Principals of a secret that have no password yet. */
export function missingPrincipals(passwords: Passwords, principals: readonly string[]): string[] {
  return principals.filter((principal) => !passwords[principal]);
}

const principalsOf = ({ Principals }: SecretProperties): string[] => Principals.split(',').filter(Boolean);
const tagsOf = ({ Stage, Tags }: SecretProperties) => [{ Key: TAG.stage, Value: Stage }, ...asTagList(Tags)];

/** Whether a secret has this name already, in use or, "already scheduled for deletion", in its recovery window. */
const isTaken = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'ResourceExistsException' ||
    (error.name === 'InvalidRequestException' && error.message.includes('scheduled for deletion')));

/**
 * Undefined where the name is taken. Creation comes before any look: of a secret that does not exist IAM knows the name
 * alone, without the suffix that grants name, so a look at it would be denied.
 */
async function create(client: SecretsManagerClient, secret: SecretProperties): Promise<Kept | undefined> {
  const principals = principalsOf(secret);
  const SecretString = principals.length
    ? JSON.stringify(await generatePasswords(client, principals))
    : await generatePassword(client, secret.Name);
  try {
    const { ARN, VersionId } = await client.send(
      new CreateSecretCommand({
        Name: secret.Name,
        Description: secret.Description,
        SecretString,
        Tags: tagsOf(secret),
      }),
    );
    console.log(`created ${ARN}`);
    return { arn: ARN!, version: VersionId! };
  } catch (error) {
    if (isTaken(error)) return undefined;
    throw error;
  }
}

/** Keeps the values of the secret that has the name, adds passwords that are missing, and tags it. */
async function takeOver(client: SecretsManagerClient, secret: SecretProperties): Promise<Kept> {
  const { ARN: arn = '', DeletedDate } = await client.send(new DescribeSecretCommand({ SecretId: secret.Name }));
  if (DeletedDate) {
    await client.send(new RestoreSecretCommand({ SecretId: arn }));
    console.log(`restored ${arn}, which was scheduled for deletion`);
  }
  await client.send(new TagResourceCommand({ SecretId: arn, Tags: tagsOf(secret) }));
  const principals = principalsOf(secret);
  return {
    arn,
    version: principals.length ? await complete(client, arn, principals) : await currentVersion(client, arn),
  };
}

/** The current version's id, without the value. */
async function currentVersion(client: SecretsManagerClient, arn: string): Promise<string> {
  const { VersionIdsToStages: stages } = await client.send(new DescribeSecretCommand({ SecretId: arn }));
  const current = Object.entries(stages ?? {}).find(([, labels]) => labels.includes('AWSCURRENT'));
  if (!current) {
    throw new Error(
      `${arn} has no value; give it one: aws secretsmanager put-secret-value --secret-id ${arn} --secret-string file://FILE`,
    );
  }
  return current[0];
}

/** Adds the passwords that are missing and returns the id of the secret's current version. */
async function complete(client: SecretsManagerClient, arn: string, principals: readonly string[]): Promise<string> {
  const current = await client.send(new GetSecretValueCommand({ SecretId: arn }));
  const passwords = parsePasswords(arn, current.SecretString);
  const missing = missingPrincipals(passwords, principals);
  if (missing.length === 0) return current.VersionId!;
  const added = await generatePasswords(client, missing);
  const { VersionId } = await client.send(
    new PutSecretValueCommand({ SecretId: arn, SecretString: JSON.stringify({ ...passwords, ...added }) }),
  );
  console.log(`added ${missing.join(', ')} to ${arn}`);
  return VersionId!;
}

async function remove(client: SecretsManagerClient, arn: string): Promise<void> {
  try {
    await client.send(new DeleteSecretCommand({ SecretId: arn, ForceDeleteWithoutRecovery: true }));
    console.log(`deleted ${arn}`);
  } catch (error) {
    if (!(error instanceof ResourceNotFoundException)) throw error;
  }
}

/** CloudFormation's events, as the CDK provider framework passes them on. */
export async function handle(
  { RequestType, PhysicalResourceId, ResourceProperties: secret }: KeptDataEvent<SecretProperties>,
  client: SecretsManagerClient,
): Promise<KeptDataResult> {
  try {
    if (RequestType === 'Delete') {
      if (secret.OnDelete === 'delete') await remove(client, PhysicalResourceId!);
      return { PhysicalResourceId: PhysicalResourceId! };
    }
    const { arn, version } = (await create(client, secret)) ?? (await takeOver(client, secret));
    return { PhysicalResourceId: arn, Data: { Version: version } };
  } catch (error) {
    throw reason(`${secret.Name}: ${inWords(error)}`);
  }
}

const client = throughLateGrants(new SecretsManagerClient({}));
export const handler = (event: KeptDataEvent<SecretProperties>): Promise<KeptDataResult> => handle(event, client);

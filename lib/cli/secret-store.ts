/** A stage's secrets in Secrets Manager: which versions there are, new ones, and which is current. Values stay here. */
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from '@aws-sdk/client-secrets-manager';
import { secretName, type SecretId } from '../contract';
import { generatePassword, generatePasswords, parsePasswords } from '../secret-values';

/** The ids of a secret's versions. */
export interface Versions {
  readonly current: string | undefined;
  readonly previous: string | undefined;
  /** To become current; undefined too once it has. */
  readonly pending: string | undefined;
  /** Secrets Manager makes new ones by itself. */
  readonly rotatesItself: boolean;
  readonly changedAt: Date | undefined;
}

export class SecretStore {
  constructor(
    private readonly client: SecretsManagerClient,
    private readonly stage: string,
  ) {}

  async versions(secret: SecretId): Promise<Versions> {
    const SecretId = secretName(this.stage, secret);
    const found = await this.client.send(new DescribeSecretCommand({ SecretId }));
    const stages = Object.entries(found.VersionIdsToStages ?? {});
    const labelled = (label: string): string[] =>
      stages.flatMap(([id, labels]) => (labels.includes(label) ? [id] : []));
    const [current] = labelled('AWSCURRENT');
    return {
      current,
      previous: labelled('AWSPREVIOUS')[0],
      pending: labelled('AWSPENDING').find((id) => id !== current),
      rotatesItself: found.RotationEnabled === true,
      changedAt: found.LastChangedDate,
    };
  }

  /** A new value that is not current yet. */
  async addPending(secret: SecretId): Promise<void> {
    const value = await generatePassword(this.client, secret);
    await this.put(secret, value, 'AWSPENDING');
  }

  /** New passwords of these principals; the others keep theirs. Current at once. */
  async replacePasswords(secret: SecretId, principals: readonly string[]): Promise<void> {
    const SecretId = secretName(this.stage, secret);
    const { SecretString } = await this.client.send(new GetSecretValueCommand({ SecretId }));
    const passwords = parsePasswords(SecretId, SecretString);
    const added = await generatePasswords(this.client, principals);
    await this.put(secret, JSON.stringify({ ...passwords, ...added }), 'AWSCURRENT');
  }

  /** What is pending becomes current, and what is current the previous one. */
  async promote(secret: SecretId): Promise<void> {
    const { current, pending } = await this.versions(secret);
    if (pending === undefined) return;
    const SecretId = secretName(this.stage, secret);
    await this.client.send(
      new UpdateSecretVersionStageCommand({
        SecretId,
        VersionStage: 'AWSCURRENT',
        MoveToVersionId: pending,
        RemoveFromVersionId: current,
      }),
    );
    await this.client.send(
      new UpdateSecretVersionStageCommand({ SecretId, VersionStage: 'AWSPENDING', RemoveFromVersionId: pending }),
    );
  }

  private async put(secret: SecretId, SecretString: string, label: 'AWSCURRENT' | 'AWSPENDING'): Promise<void> {
    const SecretId = secretName(this.stage, secret);
    await this.client.send(new PutSecretValueCommand({ SecretId, SecretString, VersionStages: [label] }));
  }
}

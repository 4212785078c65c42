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

  /** A new value that is not current yet; the id of its version. */
  async addPending(secret: SecretId): Promise<string> {
    const value = await generatePassword(this.client, secret);
    return this.put(secret, value, 'AWSPENDING');
  }

  /** New passwords of these principals; the others keep theirs. Current at once. */
  async replacePasswords(secret: SecretId, principals: readonly string[]): Promise<void> {
    const SecretId = secretName(this.stage, secret);
    const { SecretString } = await this.client.send(new GetSecretValueCommand({ SecretId }));
    const passwords = parsePasswords(SecretId, SecretString);
    const added = await generatePasswords(this.client, principals);
    await this.put(secret, JSON.stringify({ ...passwords, ...added }), 'AWSCURRENT');
  }

  /**
   * This version, which is pending, becomes current, and what is current the previous one.
   *
   * @returns false where another one has taken its place: nobody knows whether that one is accepted
   */
  async promote(secret: SecretId, version: string): Promise<boolean> {
    const { current, pending } = await this.versions(secret);
    if (current === version) return true;
    if (pending !== version) return false;
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
    return true;
  }

  private async put(secret: SecretId, SecretString: string, label: 'AWSCURRENT' | 'AWSPENDING'): Promise<string> {
    const SecretId = secretName(this.stage, secret);
    const put = new PutSecretValueCommand({ SecretId, SecretString, VersionStages: [label] });
    return (await this.client.send(put)).VersionId!;
  }
}

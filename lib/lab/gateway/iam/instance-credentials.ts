/** Role credentials for instances: made by ministack's STS, so that it knows them too; kept in memory only. */
import { instancePrincipal } from '../authorization/principal';
import type { KnownCredential } from '../front-door/authentication';
import type { Upstream } from '../ministack/upstream';
import { requiredXmlValue, xmlValue } from '../front-door/xml';

export interface RoleCredentials {
  readonly instanceId: string;
  readonly roleName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** Lifetime of an assumed role's session; EC2's credentials live about six times as long. */
const LIFETIME_SECONDS = 3600;
/** EC2 shows new credentials at least this long before the old ones expire. */
const RENEW_BEFORE_MILLISECONDS = 15 * 60 * 1000;

export class InstanceCredentials {
  private readonly byKey = new Map<string, RoleCredentials>();
  private readonly current = new Map<string, Promise<RoleCredentials>>();

  constructor(
    private readonly upstream: Upstream,
    private readonly now: () => number = Date.now,
  ) {}

  /** Credentials that are still good, and the instance that has them. */
  lookup(accessKeyId: string): KnownCredential | undefined {
    const found = this.byKey.get(accessKeyId);
    if (!found || found.expiration.getTime() <= this.now()) return undefined;
    const { secretAccessKey, sessionToken, roleName, instanceId } = found;
    return { accessKeyId, secretAccessKey, sessionToken, principal: instancePrincipal(roleName, instanceId) };
  }

  /** Credentials of an instance's role; the same ones until they are about to expire. */
  async forInstance(instanceId: string, instanceProfile: string): Promise<RoleCredentials> {
    const pending = this.current.get(instanceId);
    if (pending) {
      const known = await pending;
      if (known.expiration.getTime() - this.now() > RENEW_BEFORE_MILLISECONDS) return known;
    }
    const fresh = this.assumeRole(instanceId, instanceProfile);
    this.current.set(instanceId, fresh);
    fresh.catch(() => this.current.delete(instanceId));
    return fresh;
  }

  /** Forgets a terminated instance; its credentials end at once. */
  revoke(instanceId: string): void {
    const pending = this.current.get(instanceId);
    this.current.delete(instanceId);
    pending?.then(
      ({ accessKeyId }) => this.byKey.delete(accessKeyId),
      () => undefined, // never made: nothing to end
    );
  }

  private async assumeRole(instanceId: string, instanceProfile: string): Promise<RoleCredentials> {
    const profile = await this.upstream.query('iam', 'GetInstanceProfile', { InstanceProfileName: instanceProfile });
    const roleName = xmlValue(profile, 'RoleName');
    if (!roleName) throw new Error(`instance profile ${instanceProfile} has no role`);
    const roleArn = `arn:aws:iam::${requiredXmlValue(profile, 'Arn').split(':')[4]}:role/${roleName}`;
    const answer = await this.upstream.query('sts', 'AssumeRole', {
      RoleArn: roleArn,
      RoleSessionName: instanceId,
      DurationSeconds: LIFETIME_SECONDS,
    });
    const credentials = {
      instanceId,
      roleName,
      accessKeyId: requiredXmlValue(answer, 'AccessKeyId'),
      secretAccessKey: requiredXmlValue(answer, 'SecretAccessKey'),
      sessionToken: requiredXmlValue(answer, 'SessionToken'),
      expiration: new Date(this.now() + LIFETIME_SECONDS * 1000),
    };
    this.byKey.set(credentials.accessKeyId, credentials);
    this.forgetExpired();
    return credentials;
  }

  private forgetExpired(): void {
    for (const [key, { expiration }] of this.byKey) if (expiration.getTime() <= this.now()) this.byKey.delete(key);
  }
}

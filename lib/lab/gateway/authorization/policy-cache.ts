/** Policies as they are in effect now, read from IAM again when they may have changed. */
import { GrantDelay, type EffectiveAfterMilliseconds, type InEffect } from './grant-delay';
import type { NamedPolicy, RolePolicies } from './policies';

/** CloudFormation changes policies inside the emulator, where the gateway does not see it. */
const FRESH_MILLISECONDS = 2000;
const NO_POLICIES: readonly NamedPolicy[] = [];

export interface PolicyCacheOptions {
  readonly read: () => Promise<RolePolicies>;
  readonly effectiveAfterMilliseconds: EffectiveAfterMilliseconds;
  readonly now: () => number;
}

export class PolicyCache {
  private readonly delay: GrantDelay;
  private reading: { readonly at: number; readonly stated: Promise<RolePolicies> } | undefined;
  private effective: { readonly stated: RolePolicies; readonly inEffect: InEffect } | undefined;

  constructor(private readonly options: PolicyCacheOptions) {
    this.delay = new GrantDelay(options.effectiveAfterMilliseconds);
  }

  /** Policies of a role; none where the role does not exist. Throws where they cannot be read. `fresh` asks IAM whatever is remembered. */
  async of(roleName: string, fresh = false): Promise<readonly NamedPolicy[]> {
    const policies = (await this.all(fresh)).get(roleName) ?? NO_POLICIES;
    if (policies instanceof Error) throw policies;
    return policies;
  }

  /** Policies in effect of every role. */
  async all(fresh = false): Promise<RolePolicies> {
    const { read, now } = this.options;
    if (fresh || !this.reading || now() - this.reading.at > FRESH_MILLISECONDS) {
      const stated = read();
      this.reading = { at: now(), stated };
      // What could not be read is not remembered: the next call asks again.
      stated.catch(() => (this.reading = undefined));
    }
    const stated = await this.reading.stated;
    if (this.effective?.stated !== stated || this.effective.inEffect.changesAt <= now())
      this.effective = { stated, inEffect: this.delay.inEffect(stated, now()) };
    return this.effective.inEffect.policies;
  }
}

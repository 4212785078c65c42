/** Policies as they are in effect now, read from IAM again when they may have changed. */
import { GrantDelay, type EffectiveAfterMilliseconds, type InEffect } from './grant-delay';
import type { NamedPolicy, RolePolicies } from './policies';

/**
 * CloudFormation changes policies inside the emulator, where the gateway does not see it. Shorter than the emulator waits
 * for a role (ROLE_SECONDS in assets/lab/aws/strict_cloudformation/parallel.py).
 */
export const FRESH_MILLISECONDS = 2000;
const NO_POLICIES: readonly NamedPolicy[] = [];

export interface PolicyCacheOptions {
  readonly read: () => Promise<RolePolicies>;
  readonly effectiveAfterMilliseconds: EffectiveAfterMilliseconds;
  readonly now: () => number;
}

interface Reading {
  /** Counts the questions to IAM. */
  readonly read: number;
  readonly at: number;
  readonly stated: Promise<RolePolicies>;
}

export class PolicyCache {
  private readonly delay: GrantDelay;
  private reads = 0;
  private reading: Reading | undefined;
  private effective: { readonly read: number; readonly stated: RolePolicies; readonly inEffect: InEffect } | undefined;

  constructor(private readonly options: PolicyCacheOptions) {
    this.delay = new GrantDelay(options.effectiveAfterMilliseconds);
  }

  /** Policies of a role; none where the role does not exist. Throws where they cannot be read. `fresh` asks IAM whatever is remembered. */
  async of(roleName: string, fresh = false): Promise<readonly NamedPolicy[]> {
    const policies = (await this.all(fresh)).get(roleName) ?? NO_POLICIES;
    if (policies instanceof Error) throw policies;
    return policies;
  }

  /** Policies of a role as IAM stated them last, those that are not yet in effect included; none where they cannot be read. */
  async stated(roleName: string): Promise<readonly NamedPolicy[]> {
    await this.all();
    const policies = this.effective?.stated.get(roleName);
    return policies === undefined || policies instanceof Error ? NO_POLICIES : policies;
  }

  /** Policies in effect of every role. */
  async all(fresh = false): Promise<RolePolicies> {
    const { read, now } = this.options;
    if (fresh || !this.reading || now() - this.reading.at > FRESH_MILLISECONDS) {
      const stated = read();
      this.reading = { read: (this.reads += 1), at: now(), stated };
      // What could not be read is not remembered: the next call asks again.
      stated.catch(() => (this.reading = undefined));
    }
    const asked = this.reading;
    const stated = await asked.stated;
    // An answer that a later one has overtaken would look like a change back.
    if (!this.effective || asked.read > this.effective.read)
      this.effective = { read: asked.read, stated, inEffect: this.delay.inEffect(stated, now()) };
    else if (this.effective.inEffect.changesAt <= now())
      this.effective = { ...this.effective, inEffect: this.delay.inEffect(this.effective.stated, now()) };
    return this.effective.inEffect.policies;
  }
}

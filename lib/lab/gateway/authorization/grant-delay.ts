/**
 * IAM is eventually consistent: a policy that was made or changed takes effect only after a while ("Changes that I make
 * are not always immediately visible", IAM User Guide). CloudFormation calls AWS::IAM::Policy complete without waiting for
 * that (aws/aws-cdk#37675), but waits for a role with the policies that stand in the role itself. Pure.
 */
import type { NamedPolicy, RolePolicies } from './policies';

interface Seen {
  readonly text: string;
  readonly effectiveAt: number;
  /** What was in effect before, until then. */
  readonly before: NamedPolicy | undefined;
}

/** Milliseconds from the moment a policy is first seen until it counts, by role and name of the policy. */
export type EffectiveAfterMilliseconds = (roleName: string, policyName: string) => number;

export interface InEffect {
  readonly policies: RolePolicies;
  /** When, without another look at IAM, something more takes effect; Infinity where nothing is waited for. */
  readonly changesAt: number;
}

/** Follows the policies that IAM states and answers those that are in effect. */
export class GrantDelay {
  private readonly seen = new Map<string, Seen>();
  private roles: ReadonlySet<string> | undefined;

  constructor(private readonly effectiveAfterMilliseconds: EffectiveAfterMilliseconds) {}

  /**
   * Policies in effect at `now` when IAM states `stated`. All that the first look finds is in effect, and so is what comes
   * together with a role: CloudFormation has waited for it.
   */
  inEffect(stated: RolePolicies, now: number): InEffect {
    const known = this.roles;
    this.roles = new Set(stated.keys());
    const current = new Set<string>();
    const effective = new Map<string, readonly NamedPolicy[] | Error>();
    for (const [roleName, policies] of stated) {
      if (policies instanceof Error) {
        effective.set(roleName, policies);
        continue;
      }
      const inEffect = policies.flatMap((policy) => {
        const key = `${roleName}/${policy.name}`;
        current.add(key);
        const delay = () => (known?.has(roleName) ? this.effectiveAfterMilliseconds(roleName, policy.name) : 0);
        return this.follow(key, policy, delay, now);
      });
      effective.set(roleName, inEffect);
    }
    for (const key of this.seen.keys()) if (!current.has(key)) this.seen.delete(key);
    const waiting = [...this.seen.values()].map(({ effectiveAt }) => effectiveAt).filter((at) => at > now);
    return { policies: effective, changesAt: Math.min(...waiting) };
  }

  private follow(key: string, policy: NamedPolicy, delay: () => number, now: number): NamedPolicy[] {
    const text = JSON.stringify(policy.policy);
    let seen = this.seen.get(key);
    if (!seen || seen.text !== text) {
      const before = seen && (seen.effectiveAt <= now ? { ...policy, policy: JSON.parse(seen.text) } : seen.before);
      // Asked for only here: each change has one delay, however often policies are looked at.
      seen = { text, effectiveAt: now + delay(), before };
      this.seen.set(key, seen);
    }
    if (seen.effectiveAt <= now) return [policy];
    return seen.before ? [seen.before] : [];
  }
}

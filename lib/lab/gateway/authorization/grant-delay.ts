/** IAM is eventually consistent: a policy that was made or changed takes effect only after a while. Pure. */
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
  private started = false;

  constructor(private readonly effectiveAfterMilliseconds: EffectiveAfterMilliseconds) {}

  /** Policies in effect at `now` when IAM states `stated`. What the first look finds has been there for long. */
  inEffect(stated: RolePolicies, now: number): InEffect {
    const first = !this.started;
    this.started = true;
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
        return this.follow(
          key,
          policy,
          first ? now : now + this.effectiveAfterMilliseconds(roleName, policy.name),
          now,
        );
      });
      effective.set(roleName, inEffect);
    }
    for (const key of this.seen.keys()) if (!current.has(key)) this.seen.delete(key);
    const waiting = [...this.seen.values()].map(({ effectiveAt }) => effectiveAt).filter((at) => at > now);
    return { policies: effective, changesAt: Math.min(...waiting) };
  }

  private follow(key: string, policy: NamedPolicy, effectiveAt: number, now: number): NamedPolicy[] {
    const text = JSON.stringify(policy.policy);
    let seen = this.seen.get(key);
    if (!seen || seen.text !== text) {
      const before = seen && (seen.effectiveAt <= now ? { ...policy, policy: JSON.parse(seen.text) } : seen.before);
      seen = { text, effectiveAt, before };
      this.seen.set(key, seen);
    }
    if (seen.effectiveAt <= now) return [policy];
    return seen.before ? [seen.before] : [];
  }
}

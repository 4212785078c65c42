/** Zones, the instance type and the quotas of the region. Pure. */
import { NAT_INSTANCE } from '../contract';
import { combine, unknown, type Fact } from './fact';
import { judge, notKnown, type Finding } from './finding';
import type { Needs } from './needs';

/** What the account may have and has; `own` is the part that this stage has already. */
export interface Quota {
  readonly limit: Fact<number>;
  readonly used: Fact<{ readonly all: number; readonly own: number }>;
}

export interface InstanceTypeFacts {
  readonly vcpus: number;
  readonly architectures: readonly string[];
}

export interface CapacityFacts {
  /** Zones that the account may use. */
  readonly zones: Fact<readonly string[]>;
  /** `unknown type`: EC2 knows no such type in this region. */
  readonly instanceType: Fact<InstanceTypeFacts | 'unknown type'>;
  /** Zones in which the type is offered. */
  readonly offeredIn: Fact<readonly string[]>;
  readonly vcpus: Quota;
  readonly addresses: Quota;
  readonly vpcs: Quota;
}

/** Families that count against "Running On-Demand Standard instances" [Service Quotas, L-1216C47A]. */
const STANDARD_FAMILIES = ['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'];

/** Accelerated families begin with some of the same letters: `inf2`, `dl1`, `trn1`, `hpc6a`, `mac2` have quotas of their own. */
export function isStandardFamily(instanceType: string): boolean {
  const letters = /^[a-z]+/.exec(instanceType)?.[0] ?? '';
  return !['inf', 'dl', 'trn', 'hpc', 'mac'].includes(letters) && STANDARD_FAMILIES.includes(letters.charAt(0));
}

export function checkCapacity(facts: CapacityFacts, needs: Needs): Finding[] {
  return [checkZones(facts, needs), checkType(facts, needs), checkOffer(facts, needs), ...checkQuotas(facts, needs)];
}

const letters = (zones: readonly string[], region: string): string =>
  zones.map((zone) => zone.slice(region.length)).join(',');

const checkZones = ({ zones }: CapacityFacts, needs: Needs): Finding =>
  judge('zones', needs.zones.join(', '), zones, (there) => {
    const missing = needs.zones.filter((zone) => !there.includes(zone));
    if (missing.length === 0) return { verdict: 'ok', measured: 'all available' };
    const choice = there.slice(0, needs.zones.length);
    return {
      verdict: 'fails',
      measured: `not available: ${missing.join(', ')}; there are ${there.join(', ')}`,
      next: [`set availabilityZones=${letters(choice, needs.region)} in cdk.json, or with --context`],
    };
  });

const checkType = ({ instanceType }: CapacityFacts, needs: Needs): Finding =>
  judge('instance type', `${needs.instanceType}, x86_64`, instanceType, (type) => {
    const next = ['set instanceType=t3.medium in cdk.json, or with --context'];
    if (type === 'unknown type') {
      return { verdict: 'fails', measured: `${needs.region} knows no ${needs.instanceType}`, next };
    }
    const measured = `${type.vcpus} vCPUs, ${type.architectures.join(', ')}`;
    return type.architectures.includes('x86_64') ? { verdict: 'ok', measured } : { verdict: 'fails', measured, next };
  });

const checkOffer = ({ offeredIn }: CapacityFacts, needs: Needs): Finding =>
  judge(`${needs.instanceType} offered`, `in ${needs.zones.join(', ')}`, offeredIn, (offered) => {
    const missing = needs.zones.filter((zone) => !offered.includes(zone));
    if (missing.length === 0) return { verdict: 'ok', measured: 'in all of them' };
    const choice = offered.slice(0, needs.zones.length);
    return {
      verdict: 'fails',
      measured: `not in ${missing.join(', ')}; in ${offered.join(', ') || 'no zone'}`,
      next: choice.length
        ? [`set availabilityZones=${letters(choice, needs.region)}, or another instanceType`]
        : ['set another instanceType'],
    };
  });

function checkQuotas(facts: CapacityFacts, needs: Needs): Finding[] {
  return [
    checkVcpus(facts, needs),
    checkQuota('quota: Elastic IP addresses', 'ec2 --quota-code L-0263D0A3', facts.addresses, needs.addresses),
    checkQuota('quota: VPCs', 'vpc --quota-code L-F678F1CE', facts.vpcs, needs.vpcs),
  ];
}

function checkVcpus({ instanceType, vcpus }: CapacityFacts, needs: Needs): Finding {
  const check = 'quota: vCPUs';
  const needed = `enough for ${needs.instances + needs.natInstances} instances`;
  if (instanceType.kind !== 'known') return notKnown(check, needed, instanceType);
  if (instanceType.value === 'unknown type') return notKnown(check, needed, unknown('the instance type is not known'));
  if (!isStandardFamily(needs.instanceType)) {
    return notKnown(check, needed, unknown(`not known: the family of ${needs.instanceType} has a quota of its own`));
  }
  return checkQuota(
    check,
    'ec2 --quota-code L-1216C47A',
    vcpus,
    instanceType.value.vcpus * needs.instances + NAT_INSTANCE.vcpus * needs.natInstances,
  );
}

/** `wanted` is for the whole deployment: what the stage has already is not needed a second time. */
function checkQuota(check: string, code: string, { limit, used }: Quota, wanted: number): Finding {
  const both = combine(limit, used, (most, use) => ({ most, use }));
  const more = (own: number): number => Math.max(0, wanted - own);
  const needed = both.kind === 'known' ? `${more(both.value.use.own)} more` : `${wanted}`;
  return judge(check, needed, both, ({ most, use }) => {
    const measured = `${use.all} of ${most} used`;
    const missing = use.all + more(use.own) - most;
    if (missing <= 0) return { verdict: 'ok', measured };
    return {
      verdict: 'fails',
      measured,
      next: [
        `aws service-quotas request-service-quota-increase --service-code ${code} --desired-value ${most + missing}`,
      ],
    };
  });
}

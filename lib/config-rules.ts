/** What each setting may be, checked one by one; lib/config.ts says what they mean. */
import { z } from 'zod';
import { cidrProblem } from './cidr';
import { STAGE } from './contract';

/** A key's rule: how its value is checked, and what is allowed in words. */
interface Rule {
  readonly schema: z.ZodType;
  readonly allowed: string;
}

const text = (pattern: RegExp, allowed: string): Rule => ({ schema: z.string().regex(pattern), allowed });
const integer = (min: number, max: number): Rule => ({
  schema: z
    .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
    .refine((n) => Number.isInteger(n) && n >= min && n <= max),
  allowed: `a whole number from ${min} to ${max}`,
});
const oneOf = (...values: [string, ...string[]]): Rule => ({
  schema: z.enum(values),
  allowed: `one of ${values.join(', ')}`,
});
const cidr = (widest: number, narrowest: number): Rule => ({
  schema: z.string().superRefine((value, context) => {
    const problem = cidrProblem(value, widest, narrowest);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  }),
  allowed: `an IPv4 range between /${widest} and /${narrowest}`,
});

/** Every key of lib/config.ts that may be set. What contradicts each other is found there. */
export const RULES = {
  account: text(/^\d{12}$/, 'a 12-digit AWS account id'),
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as eu-west-1'),
  stage: text(STAGE.pattern, STAGE.allowed),
  vpcCidr: cidr(16, 20),
  availabilityZones: {
    schema: z
      .union([z.array(z.string()), z.string().transform((value) => value.split(','))])
      .refine((zones) => zones.length <= 6 && zones.every((zone) => /^[a-f]$/.test(zone)))
      .refine((zones) => new Set(zones).size === zones.length),
    allowed: 'distinct zone letters from a to f, such as a,b,c',
  },
  natGateways: integer(1, 6),
  managers: {
    schema: z.union([z.number(), z.string().transform(Number)]).refine((n) => [1, 3, 5, 7].includes(n)),
    allowed: '1, 3, 5 or 7: an even number survives no more losses than one less',
  },
  workers: integer(1, 20),
  instanceType: text(/^[a-z][a-z0-9-]*\.[a-z0-9-]+$/, 'an x86_64 instance type such as t3.medium'),
  amiId: text(/^ami-[0-9a-f]{8,17}$/, 'a machine image id such as ami-0123456789abcdef0'),
  // Less leaves no room for the images of three versions beside Kafka's share.
  dataVolumeGiB: integer(16, 1024),
  dataRemoval: oneOf('retain', 'destroy'),
  snapshotRetentionDays: integer(0, 365),
  diskAlarmPercent: integer(50, 95),
  alarmTopicArn: text(
    /^(none|arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256})$/,
    'none, or the ARN of a topic such as arn:aws:sns:eu-west-1:123456789012:alarms',
  ),
  swarmAddressPool: cidr(8, 20),
  dockerBridgeCidr: cidr(8, 24),
  gatewayBridgeCidr: cidr(8, 24),
  frontendCidr: cidr(16, 25),
  backendCidr: cidr(16, 25),
  monitoringCidr: cidr(16, 25),
  overlayEncryption: oneOf('on', 'off', 'probe'),
  kafkaMode: oneOf('kraft', 'zookeeper'),
  kafkaSlot: text(/^(manager|worker)-[1-9]\d?$/, 'a slot such as worker-1'),
  mongodbSlot: text(/^(manager|worker)-[1-9]\d?$/, 'a slot such as worker-2'),
  producerReplicas: integer(1, 10),
  processorReplicas: integer(1, 5),
  feedEventsPerSecond: integer(0, 1000),
  priceRetentionDays: integer(0, 3650),
  deployTimeoutMinutes: integer(2, 50),
  secretVersions: text(/^[A-Za-z0-9-]{1,64}$/, 'up to 64 letters, digits and hyphens'),
  fault: oneOf('none', 'producer-unhealthy'),
} as const satisfies Record<string, Rule>;

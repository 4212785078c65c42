/** What each setting may be, checked one by one; lib/config.ts says what they mean. */
import { z } from 'zod';
import { cidrProblem } from './cidr';
import { SLOT_PATTERN, STAGE } from './contract';

/** A key's rule: how its value is checked, and what is allowed in words. */
export interface Rule {
  readonly schema: z.ZodType;
  readonly allowed: string;
  /** All that it may be, where they are few. */
  readonly values?: readonly string[];
  /** What stands there by mistake may be a secret, and is not repeated. @default false */
  readonly hidden?: boolean;
}

/** Text on a command line, an array in cdk.json. */
const LIST = z.union([z.array(z.string()), z.string().transform((value) => value.split(','))]);

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
  values,
});
const cidr = (widest: number, narrowest: number): Rule => ({
  schema: z.string().superRefine((value, context) => {
    const problem = cidrProblem(value, widest, narrowest);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  }),
  allowed: `an IPv4 range between /${widest} and /${narrowest}`,
});

/** EC2 and Systems Manager agree on these characters, and Systems Manager on no empty value [tagging guides]. */
const TAG_KEY = /^(?!aws:|metals:|Name$)[A-Za-z0-9 _.:/=+@-]{1,128}$/i;
const TAG_VALUE = /^[A-Za-z0-9 _.:/=+@-]{1,256}$/;
/** AWS takes 50 of a resource; the slot's own and CDK's are among them. */
const MOST_TAGS = 30;
/** Each is a rule for each of two ports, and a security group takes 60 by default. */
const MOST_RANGES = 30;
const splitOnce = (pair: string): [string, string] => {
  const [key = '', ...value] = pair.trim().split('=');
  return [key, value.join('=')];
};

/** Where something outside is: ranges that nodes may connect to. */
const ranges: Rule = {
  schema: LIST.refine((all) => all.length <= MOST_RANGES).superRefine((all, context) => {
    for (const range of all) {
      const problem = cidrProblem(range, 0, 32);
      if (problem) context.addIssue({ code: 'custom', message: `has ${range}, which ${problem}` });
    }
  }),
  allowed: `at most ${MOST_RANGES} IPv4 ranges such as 203.0.113.0/24,198.51.100.7/32; 0.0.0.0/0 is everywhere`,
};
/** As the files of services take them: services/common/kafka.ts. */
const BROKER = /^[A-Za-z0-9.-]+:[1-9]\d{0,4}$/;
/** Relative to the folder of the project. */
const caFile = text(/^(none|[A-Za-z0-9_./-]+\.(pem|crt))$/, 'none, or a PEM file such as certificates/ca.pem');

/** Every key of lib/config.ts that may be set. What contradicts each other is found there. */
export const RULES = {
  account: text(/^\d{12}$/, 'a 12-digit AWS account id'),
  region: text(/^[a-z]{2}(-[a-z]+)+-\d$/, 'an AWS region such as eu-west-1'),
  stage: text(STAGE.pattern, STAGE.allowed),
  // What a VPC of its own needs is in config-conflicts.ts.
  vpcCidr: cidr(16, 26),
  availabilityZones: {
    schema: LIST.refine((zones) => zones.length <= 6 && zones.every((zone) => /^[a-f]$/.test(zone))).refine(
      (zones) => new Set(zones).size === zones.length,
    ),
    allowed: 'distinct zone letters from a to f, such as a,b,c',
  },
  vpcId: text(/^(none|vpc-[0-9a-f]{8,17})$/, 'none, or the id of a VPC such as vpc-0123456789abcdef0'),
  vpcSubnets: {
    schema: LIST.pipe(z.array(z.string().regex(/^subnet-[0-9a-f]{8,17}=[0-9./]+$/)))
      .transform((pairs) => pairs.map((pair) => ({ id: pair.split('=')[0]!, cidr: pair.split('=')[1]! })))
      // The last slot of a subnet may have the offset 40.
      .superRefine((subnets, context) => {
        for (const { cidr } of subnets) {
          const problem = cidrProblem(cidr, 16, 26);
          if (problem) context.addIssue({ code: 'custom', message: `has ${cidr}, which ${problem}` });
        }
      }),
    allowed: 'a subnet for each of availabilityZones, in their order: subnet-0123456789abcdef0=10.40.3.0/24,…',
  },
  egress: oneOf('nat-gateway', 'nat-instance', 'endpoints', 'existing'),
  egressZones: integer(1, 6),
  loadBalancer: oneOf('none', 'internal', 'public'),
  loadBalancerCertificateArn: text(
    /^(none|arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[0-9a-f-]{36})$/,
    'none, or the ARN of a certificate such as arn:aws:acm:eu-west-1:123456789012:certificate/UUID',
  ),
  loadBalancerCidrs: {
    schema: LIST.refine((ranges) => ranges.length <= MOST_RANGES).superRefine((ranges, context) => {
      for (const range of ranges) {
        const problem = cidrProblem(range, 0, 32);
        if (problem) context.addIssue({ code: 'custom', message: `has ${range}, which ${problem}` });
      }
    }),
    allowed: `at most ${MOST_RANGES} IPv4 ranges such as 203.0.113.0/24,198.51.100.7/32; 0.0.0.0/0 is everybody`,
  },
  clientRequestsPerSecond: integer(1, 100_000),
  flowLogs: oneOf('none', 'rejected', 'all'),
  tags: {
    schema: z
      .union([
        z.record(z.string(), z.string()),
        z.string().transform((value) => Object.fromEntries(value.split(',').map((pair) => splitOnce(pair)))),
      ])
      .pipe(z.record(z.string().regex(TAG_KEY), z.string().regex(TAG_VALUE)))
      .refine((tags) => Object.keys(tags).length <= MOST_TAGS)
      // IAM takes keys that differ in case for the same.
      .refine((tags) => new Set(Object.keys(tags).map((key) => key.toLowerCase())).size === Object.keys(tags).length),
    allowed: `at most ${MOST_TAGS} tags such as team=metals,cost-centre=42; no key may begin with aws: or metals:, or be Name`,
  },
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
  kafkaBootstrap: {
    schema: LIST.pipe(z.array(z.string().regex(BROKER)).max(30)),
    allowed: 'addresses such as b-1.metals.example.com:9096,b-2.metals.example.com:9096',
  },
  kafkaCidrs: ranges,
  kafkaCa: caFile,
  kafkaBrokers: {
    schema: z.union([z.number(), z.string().transform(Number)]).refine((n) => [1, 3].includes(n)),
    allowed: '1 or 3: of two, none may be away',
  },
  kafkaSlot: text(SLOT_PATTERN, 'a slot such as worker-1'),
  kafkaOtherSlots: {
    schema: LIST.pipe(z.array(z.string().regex(SLOT_PATTERN))),
    allowed: 'two slots such as worker-2,worker-3',
  },
  mongodbUri: {
    schema: z.enum(['none', 'secret']),
    allowed: 'none or secret: the URI itself, with its password, goes into the secret metals/STAGE/mongodb-uri',
    hidden: true,
  },
  mongodbPort: integer(1, 65_535),
  mongodbCidrs: ranges,
  mongodbCa: caFile,
  mongodbSlot: text(SLOT_PATTERN, 'a slot such as worker-2'),
  producerReplicas: integer(1, 10),
  processorReplicas: integer(1, 5),
  feedEventsPerSecond: integer(0, 1000),
  priceRetentionDays: integer(0, 3650),
  deployTimeoutMinutes: integer(2, 50),
  secretVersions: text(/^[A-Za-z0-9-]{1,64}$/, 'up to 64 letters, digits and hyphens'),
  dataVolumes: text(/^[A-Za-z0-9-]{1,64}$/, 'up to 64 letters, digits and hyphens'),
  fault: oneOf('none', 'producer-unhealthy'),
} as const satisfies Record<string, Rule>;

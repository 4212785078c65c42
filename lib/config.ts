import { closest } from 'fastest-levenshtein';
import { conflictsOf } from './config-conflicts';
import { ConfigError } from './config-error';
import { RULES, type Rule } from './config-rules';
import { type KafkaMode, LAB_ACCOUNT_ID, NO_DATA_VOLUMES, NO_SECRET_VERSIONS, STAGE } from './contract';
import { MACHINE_IMAGE_PARAMETER, MACHINE_IMAGES_FILE, readPinnedImages } from './machine-images';
import { defaultZones, unknownRegion } from './regions';
import { otherBrokerSlots } from './slots';

/** Everything that can be chosen about a deployment. Set with `-c key=value` or in cdk.json; the defaults live here. */
export interface Config {
  /** True for account 000000000000: the lab on this machine. Decided here, once. */
  readonly isLab: boolean;
  readonly account: string;
  readonly region: string;
  /** Name of this deployment, in every resource name; METALS_STAGE also sets it (lib/stage.ts). @default 'lab' in the lab, else 'prod' */
  readonly stage: string;
  /** @default 10.40.0.0/16 */
  readonly vpcCidr: string;
  /** Zone letters, one subnet pair each; slots are spread over them in turn. @default by region (lib/regions.ts): a,b,c in most */
  readonly availabilityZones: readonly string[];
  /** An existing VPC, in which nothing but the slots is made. @default none: a VPC of its own */
  readonly vpcId: string;
  /** With `vpcId`: the subnet of each of `availabilityZones`, in their order. @default none */
  readonly vpcSubnets: readonly { readonly id: string; readonly cidr: string }[];
  /**
   * The nodes' way out to AWS: a NAT gateway, an instance that does the same for less, or, without internet, endpoints of
   * the APIs alone; `existing`: what the routes of an existing VPC say. @default nat-gateway, with `vpcId` existing
   */
  readonly egress: 'nat-gateway' | 'nat-instance' | 'endpoints' | 'existing';
  /** In how many zones there is a way out, which serves the other zones as well. @default 1 */
  readonly egressZones: number;
  /** In front of the nodes: none, one within the VPC, or one that the internet reaches. @default none */
  readonly loadBalancer: 'none' | 'internal' | 'public';
  /** Certificate of ACM in the same region: the load balancer then speaks TLS, which a public one must. @default none */
  readonly loadBalancerCertificateArn: string;
  /** Who may connect to the load balancer. @default vpcCidr; for a public one there is no default */
  readonly loadBalancerCidrs: readonly string[];
  /** Requests of one address that each edge passes on, averaged over 10 s; others are answered 429. @default 1000 */
  readonly clientRequestsPerSecond: number;
  /** Which connections of the VPC are logged. @default none */
  readonly flowLogs: 'none' | 'rejected' | 'all';
  /** Tags of everything that can have some, volumes and secrets included. @default none */
  readonly tags: Readonly<Record<string, string>>;
  /** Odd, because Raft needs a majority. @default 1 */
  readonly managers: number;
  /** @default 2 */
  readonly workers: number;
  /** @default t3.medium */
  readonly instanceType: string;
  /** Machine image. @default the one that lib/machine-images.json pins for the region; in the lab, a made-up id */
  readonly amiId: string;
  /** Size of each slot's data volume; it bounds what Kafka keeps (lib/disk-budget.ts). @default 20 */
  readonly dataVolumeGiB: number;
  /** What becomes of volumes and secrets when the stacks are destroyed. @default 'destroy' in the lab, else 'retain' */
  readonly dataRemoval: 'retain' | 'destroy';
  /**
   * Days for which the daily snapshots of the data volumes are kept; 0 takes none. They outlive the stacks.
   * @default 7; with dataRemoval 'destroy' 0, except in the lab, which records the policy and takes no snapshot
   */
  readonly snapshotRetentionDays: number;
  /** Used part of a node's data volume or root file system from which its alarm is raised, in percent. @default 80 */
  readonly diskAlarmPercent: number;
  /** Topic of Amazon SNS, in the same region, that is told of alarms. @default none */
  readonly alarmTopicArn: string;
  /** Swarm takes ingress and automatic networks from here. @default 10.20.0.0/16 */
  readonly swarmAddressPool: string;
  /** docker0 on each node. @default 172.17.0.0/16 */
  readonly dockerBridgeCidr: string;
  /** docker_gwbridge on each node. @default 172.18.0.0/16 */
  readonly gatewayBridgeCidr: string;
  /** @default 10.10.0.0/24 */
  readonly frontendCidr: string;
  /** @default 10.10.1.0/24 */
  readonly backendCidr: string;
  /** @default 10.10.2.0/24 */
  readonly monitoringCidr: string;
  /** Encrypts the overlays between nodes; `probe` asks the kernel. @default 'probe' in the lab, else 'on' */
  readonly overlayEncryption: 'on' | 'off' | 'probe';
  /** @default kraft */
  readonly kafkaMode: KafkaMode;
  /**
   * Kafka of somebody else, such as Amazon MSK, by TLS: addresses that its clients begin with. The own one is then left out,
   * and who logs in is in the secret metals/STAGE/kafka-login; docs/growing.md. @default none: the own one
   */
  readonly kafkaBootstrap: readonly string[];
  /** Ranges in which the brokers of kafkaBootstrap are: nodes may connect there. @default none; with kafkaBootstrap there is no default */
  readonly kafkaCidrs: readonly string[];
  /** PEM file of the authorities that sign the brokers' certificates. @default none: public ones, as those of MSK */
  readonly kafkaCa: string;
  /** One broker, or three, of which one may be away; docs/brokers.md. @default 1 */
  readonly kafkaBrokers: 1 | 3;
  /** Slot that holds the data of Kafka, of its first broker (and ZooKeeper's). @default worker-1 */
  readonly kafkaSlot: string;
  /** Slots that hold the data of the second and the third broker. @default with three brokers the next two slots, workers first */
  readonly kafkaOtherSlots: readonly string[];
  /**
   * `secret`: MongoDB of somebody else, such as Atlas or Amazon DocumentDB, by TLS; its URI is in the secret
   * metals/STAGE/mongodb-uri, and the own one is left out; docs/growing.md. @default none: the own one
   */
  readonly mongodbUri: 'none' | 'secret';
  /** Of the servers that the URI leads to. @default 27017 */
  readonly mongodbPort: number;
  /** Ranges in which they are: nodes may connect there. @default none; with mongodbUri there is no default */
  readonly mongodbCidrs: readonly string[];
  /** PEM file of the authorities that sign their certificates. @default none: public ones, as those of Atlas */
  readonly mongodbCa: string;
  /** Slot that holds MongoDB's data. @default worker-2, or worker-1 where there is one worker */
  readonly mongodbSlot: string;
  /** From two on, spread evenly over the workers, so that one of them can be lost. @default 2 */
  readonly producerReplicas: number;
  /** @default 1 */
  readonly processorReplicas: number;
  /** Simulated prices a second, by each replica of the producer; 0 invents none. @default 1 in the lab, else 0 */
  readonly feedEventsPerSecond: number;
  /** MongoDB deletes a price so many days after it was stored; 0 keeps it for ever. @default 0 */
  readonly priceRetentionDays: number;
  /** How long a deployment may take to converge. @default 15 */
  readonly deployTimeoutMinutes: number;
  /**
   * Another value takes up secrets that were changed outside a deployment, by deploying the stack on the Swarm again.
   * `metals deploy` derives it from the versions that are current. @default none
   */
  readonly secretVersions: string;
  /**
   * Another value looks for the slots' volumes again, one of which may be gone. `metals deploy` derives it from those that are
   * there. @default none
   */
  readonly dataVolumes: string;
  /** Breaks one image on purpose, to rehearse a failing deployment; lab only. @default none */
  readonly fault: 'none' | 'producer-unhealthy';
}

type Key = keyof typeof RULES;
const KEYS = Object.keys(RULES) as Key[];

/** The defaults. Some depend on what is given: MongoDB's data goes to the second worker where there is one. */
function defaults(
  isLab: boolean,
  given: Partial<Record<Key, unknown>>,
): Omit<Config, 'isLab' | 'account' | 'region' | 'amiId' | 'availabilityZones'> {
  const dataRemoval = (given.dataRemoval as Config['dataRemoval'] | undefined) ?? (isLab ? 'destroy' : 'retain');
  return {
    stage: STAGE.defaultFor(isLab),
    vpcCidr: '10.40.0.0/16',
    vpcId: 'none',
    vpcSubnets: [],
    egress: (given.vpcId ?? 'none') === 'none' ? 'nat-gateway' : 'existing',
    egressZones: 1,
    loadBalancer: 'none',
    loadBalancerCertificateArn: 'none',
    loadBalancerCidrs: [],
    clientRequestsPerSecond: 1000,
    flowLogs: 'none',
    tags: {},
    managers: 1,
    workers: 2,
    instanceType: 't3.medium',
    dataVolumeGiB: 20,
    dataRemoval,
    snapshotRetentionDays: isLab || dataRemoval === 'retain' ? 7 : 0,
    diskAlarmPercent: 80,
    alarmTopicArn: 'none',
    swarmAddressPool: '10.20.0.0/16',
    dockerBridgeCidr: '172.17.0.0/16',
    gatewayBridgeCidr: '172.18.0.0/16',
    frontendCidr: '10.10.0.0/24',
    backendCidr: '10.10.1.0/24',
    monitoringCidr: '10.10.2.0/24',
    overlayEncryption: isLab ? 'probe' : 'on',
    kafkaMode: 'kraft',
    kafkaBootstrap: [],
    kafkaCidrs: [],
    kafkaCa: 'none',
    kafkaBrokers: 1,
    kafkaSlot: 'worker-1',
    kafkaOtherSlots: [],
    mongodbUri: 'none',
    mongodbPort: 27_017,
    mongodbCidrs: [],
    mongodbCa: 'none',
    mongodbSlot: given.workers === 1 ? 'worker-1' : 'worker-2',
    producerReplicas: 2,
    processorReplicas: 1,
    feedEventsPerSecond: isLab ? 1 : 0,
    priceRetentionDays: 0,
    deployTimeoutMinutes: 15,
    secretVersions: NO_SECRET_VERSIONS,
    dataVolumes: NO_DATA_VOLUMES,
    fault: 'none',
  };
}

const NO_ACCOUNT =
  'account: no AWS account is known; sign in to AWS (aws sso login, or AWS_PROFILE=…), ' +
  'or run `. .lab/env` for the lab (after `npm run lab`), ' +
  'or only synthesise with -c account=123456789012 -c region=eu-west-1';

/** Instances of the lab are containers: there is no machine image behind this id. */
const LAB_AMI_ID = 'ami-00000000000000000';

/** What depends on the region, and must be given where the region has no default. */
function regional(isLab: boolean, region: string, given: Partial<Record<Key, unknown>>) {
  const amiId = (given.amiId as string | undefined) ?? (isLab ? LAB_AMI_ID : readPinnedImages()[region]?.imageId);
  const availabilityZones = (given.availabilityZones as readonly string[] | undefined) ?? defaultZones(region);
  const problems: string[] = [];
  if (!amiId) {
    const hint = unknownRegion(region);
    if (hint) problems.push(`region: got "${region}", ${hint}`);
    problems.push(
      `amiId: ${MACHINE_IMAGES_FILE} pins no machine image for ${region}; pin the newest with ` +
        `\`./bin/metals ami --update --region ${region}\`, or name one: -c amiId=$(aws ssm get-parameter ` +
        `--region ${region} --name ${MACHINE_IMAGE_PARAMETER} --query Parameter.Value --output text)`,
    );
  }
  if (!availabilityZones) {
    problems.push(
      `availabilityZones: ${region} gives each account other zones; name yours, such as -c availabilityZones=a,c ` +
        `(aws ec2 describe-availability-zones --region ${region} --query 'AvailabilityZones[].ZoneName')`,
    );
  }
  return { amiId, availabilityZones, problems };
}

/**
 * Reads and checks the configuration.
 *
 * @param context all CDK context; keys with `:` or `@` belong to CDK and are passed over
 * @param environment account and region of the current credentials, as the CDK CLI found them
 * @throws ConfigError with every problem at once
 */
export function readConfig(
  context: Readonly<Record<string, unknown>>,
  environment: { readonly account?: string; readonly region?: string },
): Config {
  const problems: string[] = [];
  const given: Partial<Record<Key, unknown>> = {};
  for (const [key, value] of Object.entries(context)) {
    if (/[:@]/.test(key)) continue;
    if (!KEYS.includes(key as Key)) problems.push(`${key}: unknown key; did you mean "${closest(key, KEYS)}"?`);
    else given[key as Key] = value;
  }
  given.account ??= environment.account;
  given.region ??= environment.region;
  if (given.account === undefined) problems.push(NO_ACCOUNT);
  else if (given.region === undefined) problems.push('region: no region is known; export AWS_REGION=eu-west-1');

  const values: Partial<Record<Key, unknown>> = {};
  for (const key of KEYS) {
    if (given[key] === undefined) continue;
    const result = RULES[key].schema.safeParse(given[key]);
    if (result.success) values[key] = result.data;
    else {
      const detail = result.error.issues.find((issue) => issue.code === 'custom' && issue.message !== 'Invalid input');
      const why = detail ? `, which ${detail.message}` : '';
      const { allowed, hidden }: Rule = RULES[key];
      const got = hidden ? '' : `got ${JSON.stringify(given[key])}${why}, `;
      problems.push(`${key}: ${got}expected ${allowed}`);
    }
  }
  if (problems.length) throw new ConfigError(problems);

  const isLab = values.account === LAB_ACCOUNT_ID;
  const { problems: missing, ...fromRegion } = regional(isLab, values.region as string, values);
  if (missing.length) throw new ConfigError(missing);
  const chosen = { ...defaults(isLab, values), ...fromRegion, ...values, isLab } as Config;
  const config = { ...chosen, kafkaOtherSlots: values.kafkaOtherSlots ?? otherBrokerSlots(chosen) } as Config;
  const conflicts = conflictsOf(config, Object.keys(values));
  if (conflicts.length) throw new ConfigError(conflicts);
  return Object.freeze(config);
}

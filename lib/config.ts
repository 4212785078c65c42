import { closest } from 'fastest-levenshtein';
import { overlapProblems } from './cidr';
import { RULES } from './config-rules';
import { type KafkaMode, LAB_ACCOUNT_ID, LAB_REGION, NO_SECRET_VERSIONS, STAGE } from './contract';
import { MACHINE_IMAGE_PARAMETER, MACHINE_IMAGES_FILE, readPinnedImages } from './machine-images';
import { defaultZones, unknownRegion } from './regions';

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
  /** NAT gateways, the nodes' way out. @default 1 */
  readonly natGateways: number;
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
  /** Slot that holds Kafka's (and ZooKeeper's) data. @default worker-1 */
  readonly kafkaSlot: string;
  /** Slot that holds MongoDB's data. @default worker-2, or worker-1 where there is one worker */
  readonly mongodbSlot: string;
  /** @default 1 */
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
  /** Breaks one image on purpose, to rehearse a failing deployment; lab only. @default none */
  readonly fault: 'none' | 'producer-unhealthy';
}

/** All that is wrong with the configuration, one line each. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(
      `the configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n` +
        problems.map((problem) => `  - ${problem}`).join('\n') +
        '\nset keys with -c key=value or in cdk.json; every key is described in lib/config.ts',
    );
    this.name = 'ConfigError';
  }
}

type Key = keyof typeof RULES;
const KEYS = Object.keys(RULES) as Key[];

/** The defaults. Some depend on what is given: MongoDB's data goes to the second worker where there is one. */
function defaults(
  isLab: boolean,
  workers: number,
  dataRemoval: Config['dataRemoval'] = isLab ? 'destroy' : 'retain',
): Omit<Config, 'isLab' | 'account' | 'region' | 'amiId' | 'availabilityZones'> {
  return {
    stage: STAGE.defaultFor(isLab),
    vpcCidr: '10.40.0.0/16',
    natGateways: 1,
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
    kafkaSlot: 'worker-1',
    mongodbSlot: workers > 1 ? 'worker-2' : 'worker-1',
    producerReplicas: 1,
    processorReplicas: 1,
    feedEventsPerSecond: isLab ? 1 : 0,
    priceRetentionDays: 0,
    deployTimeoutMinutes: 15,
    secretVersions: NO_SECRET_VERSIONS,
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
        `\`npm run metals -- ami --update --region ${region}\`, or name one: -c amiId=$(aws ssm get-parameter ` +
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

/** Rules about more than one key; only asked once every single key is valid. */
function crossProblems(config: Config): string[] {
  const slots = slotNames(config);
  const unknownSlot = (key: 'kafkaSlot' | 'mongodbSlot') =>
    slots.includes(config[key]) ? [] : [`${key}: got "${config[key]}", expected one of ${slots.join(', ')}`];
  const lab = config.isLab
    ? config.region === LAB_REGION
      ? []
      : [`region: got "${config.region}", but the lab serves ${LAB_REGION} only; export AWS_REGION=${LAB_REGION}`]
    : config.fault === 'none'
      ? []
      : [`fault: got "${config.fault}", but images are broken on purpose in the lab only`];
  const natGateways =
    config.natGateways > config.availabilityZones.length
      ? [`natGateways: got ${config.natGateways}, expected at most one for each of availabilityZones`]
      : [];
  const topicRegion = config.alarmTopicArn.split(':')[3] ?? config.region;
  const alarmTopic =
    topicRegion === config.region
      ? []
      : [`alarmTopicArn: got a topic in ${topicRegion}, but alarms reach topics of their own region, ${config.region}`];
  return [
    ...unknownSlot('kafkaSlot'),
    ...unknownSlot('mongodbSlot'),
    ...lab,
    ...natGateways,
    ...alarmTopic,
    ...overlapProblems([
      { name: 'vpcCidr', cidr: config.vpcCidr },
      { name: 'swarmAddressPool (ingress included)', cidr: config.swarmAddressPool },
      { name: 'dockerBridgeCidr', cidr: config.dockerBridgeCidr },
      { name: 'gatewayBridgeCidr', cidr: config.gatewayBridgeCidr },
      { name: 'frontendCidr', cidr: config.frontendCidr },
      { name: 'backendCidr', cidr: config.backendCidr },
      { name: 'monitoringCidr', cidr: config.monitoringCidr },
    ]),
  ];
}

/** Names of the node slots, managers first: `manager-1`, `worker-1`, `worker-2`. */
export function slotNames(config: Pick<Config, 'managers' | 'workers'>): string[] {
  const count = (role: string, n: number) => Array.from({ length: n }, (_, i) => `${role}-${i + 1}`);
  return [...count('manager', config.managers), ...count('worker', config.workers)];
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
      problems.push(`${key}: got ${JSON.stringify(given[key])}${why}, expected ${RULES[key].allowed}`);
    }
  }
  if (problems.length) throw new ConfigError(problems);

  const isLab = values.account === LAB_ACCOUNT_ID;
  const workers = (values.workers as number | undefined) ?? 2;
  const { problems: missing, ...fromRegion } = regional(isLab, values.region as string, values);
  if (missing.length) throw new ConfigError(missing);
  const dataRemoval = values.dataRemoval as Config['dataRemoval'] | undefined;
  const config = { ...defaults(isLab, workers, dataRemoval), ...fromRegion, ...values, isLab } as Config;
  const cross = crossProblems(config);
  if (cross.length) throw new ConfigError(cross);
  return Object.freeze(config);
}

/** Settings with which the templates differ in their resources, for cfn-lint (scripts/synth-templates.ts). */
import type { RULES } from '../lib/config-rules';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../lib/contract';

type Key = keyof typeof RULES;
type Settings = Partial<Record<Key, string>>;

const AWS: Settings = { account: '123456789012', region: LAB_REGION, amiId: 'ami-0123456789abcdef0' };
const TOPIC = `arn:aws:sns:${LAB_REGION}:123456789012:alarms`;

export const CERTIFICATE = `arn:aws:acm:${LAB_REGION}:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef`;

/** A VPC of somebody else, with a subnet in each of three zones. */
export const EXISTING = {
  vpcId: 'vpc-0123456789abcdef0',
  vpcSubnets: 'subnet-0123456a=10.40.3.0/24,subnet-0123456b=10.40.4.0/24,subnet-0123456c=10.40.5.0/24',
} as const;

/** Engines of somebody else: MSK within the VPC, and Atlas on the internet. */
export const EXTERNAL = {
  kafkaBootstrap: 'b-1.metals.example.com:9096,b-2.metals.example.com:9096',
  kafkaCidrs: '10.40.0.0/16',
  mongodbUri: 'secret',
  mongodbCidrs: '0.0.0.0/0',
} as const;

/** By a name that its files carry. */
export const OPTION_SETS: Readonly<Record<string, Settings>> = {
  default: AWS,
  managers3: { ...AWS, managers: '3' },
  workers1: { ...AWS, workers: '1' },
  brokers3: { ...AWS, kafkaBrokers: '3' },
  zookeeper: { ...AWS, kafkaMode: 'zookeeper' },
  externalkafka: { ...AWS, kafkaBootstrap: EXTERNAL.kafkaBootstrap, kafkaCidrs: EXTERNAL.kafkaCidrs },
  external: { ...AWS, ...EXTERNAL, mongodbPort: '27017' },
  externalnat: { ...AWS, ...EXTERNAL, egress: 'nat-instance' },
  unkept: { ...AWS, dataRemoval: 'destroy', snapshotRetentionDays: '0' },
  alarmed: { ...AWS, alarmTopicArn: TOPIC },
  gateways3: { ...AWS, egressZones: '3' },
  natinstance: { ...AWS, egress: 'nat-instance', flowLogs: 'rejected' },
  endpoints: { ...AWS, egress: 'endpoints', egressZones: '2' },
  existing: { ...AWS, ...EXISTING, flowLogs: 'all' },
  internal: { ...AWS, ...EXISTING, loadBalancer: 'internal' },
  public: {
    ...AWS,
    ...{ loadBalancer: 'public', loadBalancerCertificateArn: CERTIFICATE, loadBalancerCidrs: '0.0.0.0/0' },
  },
  tagged: { ...AWS, tags: 'team=metals,cost-centre=42' },
  zones2: { ...AWS, region: 'us-west-1', availabilityZones: 'a,c' },
  china: { ...AWS, region: 'cn-north-1' },
  lab: { account: LAB_ACCOUNT_ID, region: LAB_REGION },
};

/** Settings that change values within resources, never which resources there are or how they are built. */
export const VALUES_ONLY: readonly Key[] = [
  'stage',
  'vpcCidr',
  'instanceType',
  'dataVolumeGiB',
  'diskAlarmPercent',
  'swarmAddressPool',
  'dockerBridgeCidr',
  'gatewayBridgeCidr',
  'frontendCidr',
  'backendCidr',
  'monitoringCidr',
  'overlayEncryption',
  'clientRequestsPerSecond',
  'kafkaSlot',
  'kafkaOtherSlots',
  'mongodbSlot',
  'kafkaCa',
  'mongodbCa',
  'producerReplicas',
  'processorReplicas',
  'feedEventsPerSecond',
  'priceRetentionDays',
  'deployTimeoutMinutes',
  'secretVersions',
  'dataVolumes',
  'fault',
];

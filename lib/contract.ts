/**
 * Names that the CDK app, the documents, the CLI, the lab and the tests share.
 * This file imports nothing, so that everything may import it.
 */

/** The account id that means "the lab on this machine"; no AWS customer has it. */
export const LAB_ACCOUNT_ID = '000000000000';
/** The only region that the lab serves. */
export const LAB_REGION = 'eu-west-1';
/** Where the lab answers as AWS. 127.0.0.1, because SDKs would ask `localhost` for `bucket.localhost`. */
export const LAB_DEFAULT_PORT = 4566;
/** Every Docker object that the lab creates carries this label; `lab down` removes by it and nothing else. */
export const LAB_LABEL = 'com.metals.lab';
/** Prefix of every container, network, volume and image that the lab creates. */
export const LAB_PREFIX = 'metals-lab';

/** Name of the Docker stack on the Swarm. */
export const STACK_NAME = 'metals';

/** Host ports that the edge service publishes on every node, in host mode. */
export const PRODUCER_PORT = 8000;
export const PROCESSOR_PORT = 8001;

/** Name of a deployment: a part of every resource's name. */
export const STAGE = {
  pattern: /^[a-z][a-z0-9-]{0,15}$/,
  allowed: 'up to 16 lowercase letters, digits and hyphens, a letter first',
  /** Where nobody says which: lib/stage.ts. */
  defaultFor: (isLab: boolean): string => (isLab ? 'lab' : 'prod'),
} as const;

/** Another scheme is another load balancer, made before the first one goes. AWS takes 32 characters. */
export const loadBalancerName = (stage: string, scheme: 'internal' | 'public'): string => `metals-${stage}-${scheme}`;

/** Tags on instances (propagated by each slot's Auto Scaling group) and on what belongs to a slot. */
export const TAG = {
  stage: 'metals:stage',
  /** `manager-1`, `worker-2`: one slot, one instance at a time, one address, one volume for ever. */
  slot: 'metals:slot',
  /** `manager` or `worker`. */
  role: 'metals:role',
  /** Id of the slot's EBS volume, mounted at /var/lib/docker. */
  dataVolumeId: 'metals:data-volume-id',
} as const;

export type NodeRole = 'manager' | 'worker';

/** Names of slots: `manager-1`, `worker-20`. */
export const SLOT_PATTERN = /^(manager|worker)-[1-9]\d?$/;

/** The slot that creates the Swarm; no other ever does. */
export const FIRST_MANAGER = 'manager-1';

/** The SSM documents, one folder each under assets/documents. */
export const DOCUMENTS = [
  'node-prepare',
  'swarm-init',
  'swarm-join',
  'swarm-label',
  'swarm-leave',
  'swarm-recover',
  'secrets-sync',
  'stack-deploy',
  'stack-remove',
  'stack-status',
  'smoke-test',
  'stack-validate',
  'service-logs',
  'dead-letters',
  'events-rewind',
  'service-scale',
  'edge-maintenance',
  'swarm-evidence',
  'swarm-events',
  'node-use',
  'node-evidence',
] as const;
export type DocumentId = (typeof DOCUMENTS)[number];

/** Name of a document in Systems Manager: `metals-<stage>-<id>`. */
export const documentName = (stage: string, id: DocumentId): string => `metals-${stage}-${id}`;

/** Stacks of the app, in the order in which they are deployed. */
export const STACKS = ['data', 'network', 'swarm', 'pipeline'] as const;
export type StackId = (typeof STACKS)[number];

/** CloudFormation stack name: `metals-<stage>-<id>`. */
export const cloudFormationStackName = (stage: string, id: StackId): string => `metals-${stage}-${id}`;

/** Who logs in to Kafka and to MongoDB; `brokers` are Kafka's own, to each other. */
export const PRINCIPALS = ['admin', 'producer', 'processor', 'brokers'] as const;
export type Principal = (typeof PRINCIPALS)[number];

/** The secrets: the key is the name inside the product, the value which principals it holds (none: a plain string). */
export const SECRETS = {
  'mongodb-password': ['admin', 'processor'],
  'kafka-password': ['admin', 'producer', 'processor', 'brokers'],
  'api-key': [],
} as const satisfies Record<string, readonly Principal[]>;
export type SecretId = keyof typeof SECRETS;

/**
 * What engines of somebody else are logged in to with; whoever runs them puts it there. The value is one login for all, or
 * a JSON object with one for each of these principals. A login of Kafka is {"username", "password"}, of MongoDB a URI.
 */
export const EXTERNAL_SECRETS = {
  'kafka-login': ['admin', 'producer', 'processor'],
  'mongodb-uri': ['admin', 'processor'],
} as const satisfies Record<string, readonly Principal[]>;
export type ExternalSecretId = keyof typeof EXTERNAL_SECRETS;

/** How the names of a stage's secrets begin. */
export const secretPrefix = (stage: string): string => `metals/${stage}/`;

/** Name of a secret in Secrets Manager: `metals/<stage>/<id>`. */
export const secretName = (stage: string, id: SecretId | ExternalSecretId): string => `${secretPrefix(stage)}${id}`;

/** What is remembered about a stage's Swarm, beside its volumes: how far its one creation got, and how to join it. */
export const SWARM_PARAMETERS = ['claim', 'worker-token', 'manager-token'] as const;
export type SwarmParameter = (typeof SWARM_PARAMETERS)[number];

/** Below it, by number, the slot of each manager that went on alone: swarm-recover. */
export const recoveryPath = (stage: string): string => `/metals/${stage}/swarm/recovery`;

/** Parameter Store paths of a stage, all under `/metals/<stage>/swarm`. */
export const parameterPath = (stage: string, leaf: SwarmParameter): string => `/metals/${stage}/swarm/${leaf}`;

/** Name of the association that brings new versions of secrets into the Swarm; it has what stack-deploy was last sent with. */
export const rotationAssociation = (stage: string): string => `metals-${stage}-secrets`;

/** Where a stage's bundles are in the assets bucket of `cdk bootstrap`: managers may read here. */
export const assetPrefix = (stage: string): string => `metals/${stage}/`;

/** Where documents' full output goes. */
export const documentLogGroup = (stage: string): string => `/metals/${stage}/documents`;

/** Where flow logs of the VPC go, if there are any. */
export const flowLogGroup = (stage: string): string => `/metals/${stage}/flow-logs`;

/** Output of the pipeline stack: the versions of the stage's secrets that it was deployed with, and its `secretVersions`. */
export const VERSIONS_OUTPUT = 'SecretVersions';
/** `secretVersions` of a deployment that looks at no secret, as `cdk deploy` by itself. */
export const NO_SECRET_VERSIONS = 'none';

/** Output of the data stack: ids of its volumes, and the `dataVolumes` that it was deployed with. */
export const VOLUMES_OUTPUT = 'DataVolumes';
/** `dataVolumes` of a deployment that looks for no volume, as `cdk deploy` by itself. */
export const NO_DATA_VOLUMES = 'none';

/** The APIs that nodes call, by the names of their endpoints; S3 has an endpoint of another kind. */
export const ENDPOINT_APIS = [
  // The agent: registration and documents, then commands and sessions. From 3.3.40 on it needs no ec2messages.
  ...(['ssm', 'ssmmessages'] as const),
  // The boot attaches the volume, signals CloudFormation, and gives up an instance that cannot boot.
  ...(['ec2', 'cloudformation', 'autoscaling'] as const),
  ...(['ecr.api', 'ecr.dkr'] as const),
  // Output of documents, use of disks, secrets.
  ...(['logs', 'monitoring', 'secretsmanager'] as const),
] as const;

/** Its network bursts to 5 Gbit/s. With the half gibibyte of a t3.nano dnf runs out of memory (amazon-linux-2023#404). */
export const NAT_INSTANCE = { type: 't3.micro', vcpus: 2, rootVolumeGiB: 8 } as const;

/** Namespace of a stage's own metrics in CloudWatch; assets/documents/node-prepare says it again. */
export const metricNamespace = (stage: string): string => `Metals/${stage}`;
/** Used part of a file system, in percent, by slot and file system (dimensions `Slot` and `FileSystem`). */
export const DISK_METRIC = 'DiskUsedPercent';
/** The slot's volume below /var/lib/docker, and the root disk of its instance. */
export const FILE_SYSTEMS = ['data', 'root'] as const;

/** Kafka topics and the number of partitions of the main one. */
export const TOPIC = { prices: 'metals-prices', deadLetters: 'metals-prices.dlq', partitions: 6 } as const;

/** Where the processor stores prices. */
export const MONGODB = { database: 'metals', collection: 'prices' } as const;

/** Components that have an image of their own, with the base image that each is built on. */
export const COMPONENTS = ['edge', 'producer', 'processor', 'tools', 'kafka', 'zookeeper', 'mongodb'] as const;
export type Component = (typeof COMPONENTS)[number];

export type KafkaMode = 'kraft' | 'zookeeper';

/** Exit codes of the CLI. */
export const EXIT = { ok: 0, failure: 1, usage: 2, unhealthy: 3, notAuthorised: 4, interrupted: 130 } as const;

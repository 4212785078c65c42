import { createHash } from 'node:crypto';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import * as tar from 'tar';
import { type Document, parseDocument } from 'yaml';
import type { Config } from '../config';
import { secretName } from '../contract';
import { kafkaDiskBytes } from '../disk-budget';
import { type EngineChoice, hasOwnKafka, hasOwnMongodb, stackSecrets } from '../engines';
import { brokerService, brokerSlots } from '../slots';
import { version } from '../../package.json';
import { brokerFiles } from './broker-files';
import { REPOSITORY } from '../repository';
import { CA_TARGETS, networksOf, withEngines } from './external-engines';
import { inFreshFolder } from './fresh-folder';
import { partFiles } from './part-files';
import { stackNeeds } from './stack-needs';

const STACK_FOLDER = path.join(REPOSITORY, 'assets', 'stack');

/** Longer than a load balancer takes to notice that a node is unhealthy (load-balancer.ts): two looks, and to pass that on. */
const BALANCER_NOTICES_SECONDS = 20;

/** For how long an edge that is told to stop still answers. */
const edgeDrainSeconds = ({ loadBalancer }: Config): number => (loadBalancer === 'none' ? 0 : BALANCER_NOTICES_SECONDS);

/**
 * How replicas of the producer are spread. Swarm counts an old task while its replacement starts, so start-first may leave
 * all of them on one worker; a limit for each worker forbids that, and with it there is room for a new one only once an
 * old one has stopped. A single replica starts first, for no other serves meanwhile. 0 is no limit.
 */
function producerSpread({ producerReplicas, workers }: Config): {
  readonly maxPerNode: number;
  readonly order: string;
} {
  return producerReplicas === 1
    ? { maxPerNode: 0, order: 'start-first' }
    : { maxPerNode: Math.ceil(producerReplicas / workers), order: 'stop-first' };
}

/** What the stack files interpolate; stack-deploy reads it as `settings.env`. Values are validated configuration. */
export function settings(config: Config): Record<string, string> {
  const spread = producerSpread(config);
  return {
    METALS_STAGE: config.stage,
    METALS_VERSION: version,
    METALS_KAFKA_MODE: config.kafkaMode,
    METALS_KAFKA: hasOwnKafka(config) ? 'own' : config.kafkaBootstrap.join(','),
    // Those of this stack: none where Kafka is external.
    METALS_KAFKA_BROKERS: String(brokerSlots(config).length),
    METALS_MONGODB: hasOwnMongodb(config) ? 'own' : 'external',
    METALS_EDGE_DRAIN_SECONDS: String(edgeDrainSeconds(config)),
    METALS_EDGE_CLIENT_REQUESTS_PER_10_SECONDS: String(10 * config.clientRequestsPerSecond),
    METALS_PRODUCER_REPLICAS: String(config.producerReplicas),
    METALS_PRODUCER_MAX_PER_NODE: String(spread.maxPerNode),
    METALS_PRODUCER_UPDATE_ORDER: spread.order,
    METALS_PROCESSOR_REPLICAS: String(config.processorReplicas),
  };
}

/** networks.json with the configured subnets. */
export function networks(config: Config, template: string): string {
  const cidrs: Record<string, string> = {
    'metals-frontend': config.frontendCidr,
    'metals-backend': config.backendCidr,
    'metals-monitoring': config.monitoringCidr,
  };
  const declared = JSON.parse(template) as { name: string; subnet: string; encrypted: boolean; internal: boolean }[];
  const used = networksOf(config);
  const rendered = declared
    .filter(({ name }) => used.includes(name) || !(name in cidrs))
    .map((network) => {
      const subnet = cidrs[network.name];
      if (!subnet) throw new Error(`networks.json names ${network.name}, for which there is no configuration key`);
      return { ...network, subnet };
    });
  return `${JSON.stringify(rendered, undefined, 2)}\n`;
}

/**
 * secrets.json: each secret with the Docker secrets that are made of it, by which stack-deploy brings them into the Swarm.
 * A key is the secret's name, or `name/principal` where it holds one value for each principal.
 */
export function secrets(stage: string, choice: EngineChoice = {}): string {
  const entries = stackSecrets(choice).map(({ name, principals }) => {
    const keys = principals.length ? principals.map((principal) => `${name}/${principal}`) : [name];
    return { name, secret_id: secretName(stage, name), keys };
  });
  return `${JSON.stringify(entries, undefined, 2)}\n`;
}

/** A YAML file with one value changed, its comments kept. */
export function withValue(yaml: string, keys: readonly string[], value: unknown): string {
  const document = parseDocument(yaml);
  if (!document.hasIn(keys)) throw new Error(`the file has no ${keys.join('.')} to set`);
  document.setIn(keys, value);
  return document.toString();
}

const KAFKA_PORT = 9092;

/** A service's configuration that names every broker: one that is away must not be the only one that is asked. */
function withBrokers(config: Config, yaml: string): string {
  if (!hasOwnKafka(config)) {
    const document = parseDocument(yaml);
    document.setIn(['kafka', 'brokers'], [...config.kafkaBootstrap]);
    return asExternal(document, 'kafka', config.kafkaCa);
  }
  const hosts = brokerSlots(config).map((_, index) => `${brokerService(index + 1)}:${KAFKA_PORT}`);
  return hosts.length === 1 ? yaml : withValue(yaml, ['kafka', 'brokers'], hosts);
}

/**
 * Of several brokers: about as long as another one takes to lead (2 s without a sign of life, and of the controller as long
 * again), and so short that two in a row are not too long for clients. A connection takes a few milliseconds, or a second
 * more where its first packet is lost.
 */
const SEVERAL_BROKERS = { connection_timeout_ms: 1_500, request_timeout_ms: 4_000 };

/** Intake goes on with the other brokers where one does not answer. */
function withPromptAnswers(config: Config, yaml: string): string {
  if (!hasOwnKafka(config) || config.kafkaBrokers === 1) return yaml;
  const document = parseDocument(yaml);
  for (const [key, value] of Object.entries(SEVERAL_BROKERS)) document.setIn(['kafka', key], value);
  return document.toString();
}

/** An engine of somebody else: whom to log in as, and of MongoDB where it is, is in a secret. */
function asExternal(document: Document, engine: keyof typeof CA_TARGETS, ca: string): string {
  for (const key of ['host', 'username']) document.deleteIn([engine, key]);
  document.setIn([engine, 'external'], ca === 'none' ? {} : { ca_file: CA_TARGETS[engine] });
  return document.toString();
}

const withMongodb = (config: Config, yaml: string): string =>
  hasOwnMongodb(config) ? yaml : asExternal(parseDocument(yaml), 'mongodb', config.mongodbCa);

/** producer.yml with the configured rate of the simulator; an HTTP source has none, and its file stays as it is. */
function producerConfig(config: Config, yaml: string): string {
  const document = parseDocument(yaml);
  // A kind that is not stated is the simulator: services/producer/config.ts.
  if (document.getIn(['feed', 'kind']) === 'http') return yaml;
  document.setIn(['feed', 'rate_per_second'], config.feedEventsPerSecond);
  return document.toString();
}

/** needs.json of the files in `target`, with these settings: stack-deploy looks for room before it changes anything. */
export function needs(variables: Readonly<Record<string, string>>, target: string): string {
  const isZookeeper = variables.METALS_KAFKA_MODE === 'zookeeper';
  const brokers = Array.from({ length: Number(variables.METALS_KAFKA_BROKERS) - 1 }, (_, index) => index + 2);
  const files = [
    'stack.yml',
    ...(isZookeeper ? ['stack.zookeeper.yml'] : []),
    ...brokers.map((broker) => `stack.broker-${broker}.yml`),
    'setup.yml',
  ];
  const texts = files.map((file) => readFileSync(path.join(target, file), 'utf8'));
  return `${JSON.stringify(stackNeeds(texts, variables), undefined, 2)}\n`;
}

/** Puts the bundle's files together in `target`, of the stack's files in `source`. */
export function renderBundle(config: Config, target: string, source = STACK_FOLDER): void {
  cpSync(source, target, { recursive: true });
  const change = (file: string, edit: (content: string) => string) => {
    const full = path.join(target, file);
    writeFileSync(full, edit(readFileSync(full, 'utf8')));
  };
  change('networks.json', (content) => networks(config, content));
  change('config/producer.yml', (content) =>
    withPromptAnswers(config, withBrokers(config, producerConfig(config, content))),
  );
  change('config/processor.yml', (content) => withMongodb(config, withBrokers(config, content)));
  change('config/tools.yml', (content) =>
    [
      [['kafka_disk_bytes'], kafkaDiskBytes(config)] as const,
      [['price_retention_days'], config.priceRetentionDays] as const,
      [['replication_factor'], config.kafkaBrokers] as const,
    ].reduce((yaml, [keys, value]) => withValue(yaml, keys, value), withMongodb(config, withBrokers(config, content))),
  );
  const ca = { kafka: config.kafkaCa !== 'none', mongodb: config.mongodbCa !== 'none' };
  for (const file of ['stack.yml', 'setup.yml']) change(file, (content) => withEngines(content, config, ca));
  if (ca.kafka) cpSync(config.kafkaCa, path.join(target, 'config/kafka-ca.pem'));
  if (ca.mongodb) cpSync(config.mongodbCa, path.join(target, 'config/mongodb-ca.pem'));
  const stack = readFileSync(path.join(target, 'stack.yml'), 'utf8');
  const more = { ...partFiles(stack), ...(hasOwnKafka(config) && brokerFiles(stack, config.kafkaBrokers)) };
  for (const [file, content] of Object.entries(more)) writeFileSync(path.join(target, file), content);
  if (!hasOwnKafka(config)) rmSync(path.join(target, 'stack.zookeeper.yml'));
  writeFileSync(path.join(target, 'secrets.json'), secrets(config.stage, config));
  const variables = settings(config);
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(path.join(target, 'settings.env'), lines.join(''));
  writeFileSync(path.join(target, 'needs.json'), needs(variables, target));
}

export interface StackBundleProps {
  readonly config: Config;
}

/** The Swarm stack's files as one archive, whose SHA-256 the node checks before it unpacks anything. */
export class StackBundle extends Construct {
  readonly asset: Asset;
  /** SHA-256 of the archive, in hex. */
  readonly sha256: string;

  constructor(scope: Construct, id: string, props: StackBundleProps) {
    super(scope, id);
    const { asset, sha256 } = inFreshFolder(this, 'bundle', (folder) => {
      const files = path.join(folder, 'files');
      renderBundle(props.config, files);
      const archive = path.join(folder, 'bundle.tar.gz');
      // The same files give the same archive: no times, no owners.
      tar.create(
        { file: archive, cwd: files, sync: true, gzip: { level: 9 }, portable: true, noMtime: true, strict: true },
        ['.'],
      );
      return {
        asset: new Asset(this, 'Asset', { path: archive }),
        sha256: createHash('sha256').update(readFileSync(archive)).digest('hex'),
      };
    });
    this.asset = asset;
    this.sha256 = sha256;
  }
}

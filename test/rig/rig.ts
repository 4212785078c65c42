/** Kafka, the store and the services as plain containers on this machine, without a Swarm. */
import path from 'node:path';
import type { Kafka } from 'kafkajs';
import type { MongoClient } from 'mongodb';
import { REPOSITORY } from '../../lib/repository';
import { docker } from '../../lib/lab/docker';
import { timed, type Progress } from '../../lib/lab/lab-error';
import { kafkaClient, mongoClient, type KafkaUser, type MongoUser } from './clients';
import { Clock } from './clock';
import { makeSecrets, mergeConfig, writeConfig, writeSecrets, type Config, type Secrets } from './files';
import { ensureClockImage, ensureImage, ensureRigBases } from './images';
import { KAFKA_LOGIN, withProperties, writeKafkaLogin } from './kafka-files';
import { createNetwork, freePort, type Addresses } from './network';
import { lookAtHealth, lookByScript } from './ready';
import { removeRig, RIG_LABEL } from './remove';
import { productConfig, runArguments, stackService, type Component, type Limits, type Placement } from './stack';
import { readLogs, Task } from './task';
import type { Service, Variant } from './variants';

export interface RigOptions {
  readonly name: string;
  readonly report?: (line: string) => void;
  readonly kafka?: StoreOptions;
  readonly mongodb?: StoreOptions;
}

export interface StoreOptions extends Limits {
  /** Lines of server.properties that are to be others, of Kafka. */
  readonly properties?: Readonly<Record<string, string>>;
  /** Volumes that are there already, by the name of the one in the stack that each replaces. */
  readonly volumes?: Readonly<Record<string, string>>;
}

export interface ServiceOptions extends Limits {
  /** @default the next number that no replica has had */
  readonly replica?: number;
  readonly variant?: Variant;
  /** Whether `rig.clockOf` can set its time. @default false */
  readonly clock?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Merged into the product's YAML. */
  readonly config?: Config;
  /** What it is told instead of the rig's own. */
  readonly secrets?: Partial<Secrets>;
  /** Whether to wait until it is healthy. @default true */
  readonly wait?: boolean;
}

const PORTS: Readonly<Record<Exclude<Component, 'tools'>, number>> = {
  kafka: 9092,
  mongodb: 27017,
  producer: 8000,
  processor: 8001,
};
/** A replica may have to wait for the session of one that was killed. */
const SERVICE_READY_SECONDS = 90;
const STORE_READY_SECONDS = 120;

const networkOf = (name: string): string => `metals-rig-${name}`;
const labelsOf = (name: string): Readonly<Record<string, string>> => ({ [RIG_LABEL]: name });

/** Removes what an earlier run of that name left, and starts Kafka and the store, with topics, rights and users. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const progress = { report: options.report ?? (() => undefined), signal: new AbortController().signal };
  await ensureRigBases(progress);
  const components = ['kafka', 'mongodb', 'tools'] as const;
  const images = await Promise.all(components.map((component) => ensureImage(component, progress)));
  await removeRig(options.name);
  const directory = path.join(REPOSITORY, 'build', 'rig', options.name);
  const addresses = await createNetwork(networkOf(options.name), labelsOf(options.name));
  const rig = new Rig(options.name, directory, makeSecrets(directory), addresses, images[0], progress);
  try {
    await Promise.all([
      rig.startStore('kafka', images[0], options.kafka),
      rig.startStore('mongodb', images[1], options.mongodb),
    ]);
    await timed(progress, 'setup', () => rig.setUp(images[2]));
    return rig;
  } catch (error) {
    await rig.stop();
    throw error;
  }
}

export class Rig {
  readonly network: string;
  readonly labels: Readonly<Record<string, string>>;
  private readonly stores = new Map<Component, Task>();
  private readonly clocks = new Map<Task, Clock>();
  private replicas = 0;

  constructor(
    readonly name: string,
    private readonly directory: string,
    readonly secrets: Secrets,
    private readonly addresses: Addresses,
    private readonly kafkaImage: string,
    readonly progress: Progress,
  ) {
    this.network = networkOf(name);
    this.labels = labelsOf(name);
  }

  get kafka(): Task {
    return this.stores.get('kafka')!;
  }

  get mongodb(): Task {
    return this.stores.get('mongodb')!;
  }

  get apiKey(): string {
    return this.secrets['api-key'];
  }

  /** A client on this machine; the broker's own address is valid in the rig's network alone. */
  kafkaClient(user: KafkaUser = 'admin'): Kafka {
    return kafkaClient(this.kafka.port, user, this.secrets[`kafka-password-${user}`]);
  }

  mongoClient(user: MongoUser = 'processor'): MongoClient {
    return mongoClient(this.mongodb.port, user, this.secrets[`mongodb-password-${user}`]);
  }

  /** Starts one replica and waits until it is healthy. */
  async startService(service: Service, options: ServiceOptions = {}): Promise<Task> {
    this.replicas += 1;
    const name = `${service}-${options.replica ?? this.replicas}`;
    const ensure = options.clock ? ensureClockImage : ensureImage;
    const image = await ensure(service, this.progress, options.variant);
    const clock = options.clock ? new Clock(path.join(this.directory, `clock-${name}`)) : undefined;
    const config = mergeConfig(productConfig(service), options.config ?? {});
    const secretsDirectory = this.secretsDirectory(options.secrets && name);
    if (options.secrets !== undefined) writeSecrets(secretsDirectory, { ...this.secrets, ...options.secrets });
    const task = await this.runTask(service, name, {
      image,
      secretsDirectory,
      configFile: writeConfig(this.directory, name, config),
      environment: { ...clock?.environment, ...options.env },
      mounts: clock?.mounts,
      cpus: options.cpus,
      memory: options.memory,
    });
    if (clock !== undefined) this.clocks.set(task, clock);
    if (options.wait !== false) await task.ready(SERVICE_READY_SECONDS);
    return task;
  }

  /** Of a service that was started with `clock`. */
  clockOf(task: Task): Clock {
    const clock = this.clocks.get(task);
    if (clock === undefined) throw new Error(`${task.container} was started without \`clock\``);
    return clock;
  }

  /** Arguments of `docker` that run a class of Kafka's own tools in the rig's network, as administrator. */
  kafkaTool(jvm: readonly string[], name: string, args: readonly string[]): string[] {
    const labels = Object.entries(this.labels).flatMap(([label, value]) => ['--label', `${label}=${value}`]);
    const login = writeKafkaLogin(this.directory, this.secrets);
    return [
      ...['run', '--rm', '--network', this.network, ...labels, '--entrypoint', 'java'],
      ...['--mount', `type=bind,source=${login},destination=${KAFKA_LOGIN},readonly`, this.kafkaImage],
      ...[...jvm, '-cp', '/opt/kafka/libs/*', name, '--bootstrap-server', 'kafka:9092'],
      ...['--command-config', KAFKA_LOGIN, ...args],
    ];
  }

  async startStore(component: 'kafka' | 'mongodb', image: string, options: StoreOptions = {}): Promise<void> {
    const { properties, ...others } = options;
    const mounts = properties === undefined ? [] : [withProperties(this.directory, properties)];
    const task = await this.runTask(component, component, { image, mounts, ...others });
    this.stores.set(component, task);
    await timed(this.progress, component, () => task.ready(STORE_READY_SECONDS));
  }

  /** Runs the product's setup job: it waits for both logins itself, and ends. */
  async setUp(image: string): Promise<void> {
    const configFile = writeConfig(this.directory, 'tools', productConfig('tools'));
    const placement = this.place('setup', { image, configFile });
    await docker(['run', '--detach', ...runArguments(stackService('tools'), placement), 'setup']);
    const exitCode = (await docker(['wait', placement.container])).trim();
    if (exitCode !== '0') throw new Error(`setup ended with ${exitCode}: ${await readLogs(placement.container, 20)}`);
  }

  /** Removes every container, volume and network of this rig, and its secrets. */
  async stop(): Promise<void> {
    await removeRig(this.name);
  }

  private async runTask(component: keyof typeof PORTS, alias: string, what: What): Promise<Task> {
    const port = { host: await freePort(), container: PORTS[component] };
    const placement = this.place(alias, { ...what, port });
    await docker(['run', '--detach', ...runArguments(stackService(component), placement)]);
    return new Task({
      container: placement.container,
      network: this.network,
      alias,
      address: placement.address,
      port: port.host,
      look: component === 'kafka' || component === 'mongodb' ? lookByScript : lookAtHealth,
      report: this.progress.report,
    });
  }

  private secretsDirectory(replica?: string): string {
    return path.join(this.directory, replica === undefined ? 'secrets' : `secrets-${replica}`);
  }

  private place(alias: string, what: What): Placement & { readonly address: string } {
    return {
      container: `${this.network}-${alias}`,
      network: this.network,
      alias,
      address: this.addresses.next(),
      labels: this.labels,
      secretsDirectory: this.secretsDirectory(),
      volumePrefix: `${this.network}-`,
      ...what,
    };
  }
}

type What = Limits &
  Pick<Placement, 'image' | 'configFile' | 'environment' | 'port' | 'mounts' | 'volumes'> &
  Partial<Pick<Placement, 'secretsDirectory'>>;

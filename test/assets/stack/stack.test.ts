import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { PRODUCER_PORT, PROCESSOR_PORT, TOPIC } from '../../../lib/contract';
import { processorConfigSchema } from '../../../services/processor/config';
import { producerConfigSchema } from '../../../services/producer/config';
import { secrets as bundledSecrets } from '../../../lib/constructs/stack-bundle';
import { dlqSecret } from '../../../services/tools/dlq';
import { setupSecrets } from '../../../services/tools/setup';
import { smokeSecrets } from '../../../services/tools/smoke';
import { toolsConfigSchema } from '../../../services/tools/config';
import { readUsers } from '../../../services/tools/users';

const folder = join(__dirname, '../../../assets/stack');
const read = (file: string): any => parse(readFileSync(join(folder, file), 'utf8'), { merge: true });
const stack = read('stack.yml');
const zookeeper = read('stack.zookeeper.yml');
const setup = read('setup.yml');
const [setupName] = Object.keys(setup.services);
const services: Record<string, any> = {
  ...stack.services,
  zookeeper: zookeeper.services.zookeeper,
  setup: setup.services[setupName],
};
const names = Object.keys(services);
const networks = (name: string): string[] => services[name].networks;

test('the services are those of the product', () => {
  expect(names.sort()).toEqual(['edge', 'kafka', 'mongodb', 'processor', 'producer', 'setup', 'zookeeper']);
  expect(setupName).toBe('setup-METALS_SETUP_HASH');
});

describe.each(names)('%s', (name) => {
  const service = services[name];

  test('is hardened', () => {
    expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'], init: true });
    expect(service.user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(service.volumes).toContainEqual(expect.objectContaining({ type: 'tmpfs', target: '/tmp' }));
    expect(service.logging).toEqual({ driver: 'local', options: { 'max-size': '10m', 'max-file': '3' } });
  });

  test('has labels, limits, reservations and a restart policy', () => {
    const { labels, resources, restart_policy: restart } = service.deploy;
    expect(labels).toMatchObject({
      'com.metals.pipeline': 'true',
      'com.metals.tier': expect.any(String),
      'com.metals.access': expect.any(String),
    });
    expect(resources.limits).toMatchObject({
      cpus: expect.any(String),
      memory: expect.any(String),
      pids: expect.any(Number),
    });
    expect(resources.reservations).toMatchObject({ cpus: expect.any(String), memory: expect.any(String) });
    expect(restart.condition).toBeDefined();
  });

  test('uses nothing that docker stack deploy ignores or rejects', () => {
    const refused = [
      'build',
      'depends_on',
      'tmpfs',
      'security_opt',
      'container_name',
      'restart',
      'privileged',
      'devices',
      'expose',
      'links',
      'mem_limit',
      'extends',
    ];
    expect(Object.keys(service).filter((key) => refused.includes(key))).toEqual([]);
  });

  test('takes its image, its secrets and its configs by version', () => {
    expect(service.image).toMatch(/^\$\{METALS_IMAGE_[A-Z]+\}$/);
    const declared = { ...stack.secrets, ...stack.configs, ...setup.configs };
    for (const { source, uid, gid, mode } of [...(service.secrets ?? []), ...(service.configs ?? [])]) {
      expect(declared[source].name).toMatch(/-\$\{METALS_(SECRET_VERSION|CONFIG_HASH)_[A-Z_]+\}$/);
      expect(`${uid}:${gid}`).toBe(service.user);
      expect([0o400, 400, 0o440, 440]).toContain(mode);
    }
  });

  test('has no secret in its environment', () => {
    expect(Object.keys(service.environment ?? {}).filter((key) => /PASSWORD|KEY|SECRET|TOKEN/.test(key))).toEqual([]);
  });

  if (name === 'setup') return;

  test('has a health check that needs no name of a service', () => {
    const { test: command, start_interval: startInterval } = service.healthcheck;
    expect(command[0]).toBe('CMD');
    expect(command.join(' ')).not.toMatch(/http:|edge:|kafka:|mongodb:|zookeeper:/);
    expect(startInterval).toBeDefined();
  });

  test('rolls a failed update back', () => {
    const { update_config: update, rollback_config: rollback } = service.deploy;
    // The producer's depends on how many there are: lib/constructs/stack-bundle.ts.
    const orders: Record<string, string> = { producer: '${METALS_PRODUCER_UPDATE_ORDER}', processor: 'start-first' };
    const order = orders[name] ?? 'stop-first';
    expect(update).toMatchObject({ order, failure_action: 'rollback', monitor: expect.any(String) });
    // Else Swarm may replace the next replica, although the one before has failed.
    const several = ['edge', 'producer', 'processor'].includes(name);
    expect(update.delay).toBe(several ? '2s' : undefined);
    expect(rollback.order).toBe(order);
    expect(service.stop_grace_period).toBeDefined();
    expect(service.deploy.endpoint_mode).toBe('dnsrr');
  });
});

describe('reachability', () => {
  test('only the edge publishes ports, in host mode', () => {
    expect(names.filter((name) => services[name].ports !== undefined)).toEqual(['edge']);
    const published = services.edge.ports.map(({ published: port, mode }: any) => [port, mode]);
    expect(published).toEqual([
      [PRODUCER_PORT, 'host'],
      [PROCESSOR_PORT, 'host'],
    ]);
    expect(services.edge.deploy.mode).toBe('global');
  });

  test('the producer shares no network with MongoDB, nor the edge with either store', () => {
    expect(networks('producer').filter((network) => networks('mongodb').includes(network))).toEqual([]);
    for (const store of ['kafka', 'mongodb', 'zookeeper']) {
      expect(networks('edge').filter((network) => networks(store).includes(network))).toEqual([]);
    }
  });

  test('networks.json names the networks of the stack: all encrypted, the stores without a way out', () => {
    const declared: any[] = JSON.parse(readFileSync(join(folder, 'networks.json'), 'utf8'));
    expect(declared.map(({ name, encrypted, internal }) => [name, encrypted, internal])).toEqual([
      ['metals-frontend', true, true],
      ['metals-backend', true, true],
      // The edge publishes ports, and a feed may be polled from outside.
      ['metals-monitoring', true, false],
    ]);
    for (const store of ['kafka', 'mongodb', 'zookeeper']) expect(networks(store)).not.toContain('metals-monitoring');
    expect(Object.keys(stack.networks).sort()).toEqual(declared.map(({ name }) => name).sort());
    expect(Object.values(stack.networks).every((network: any) => network.external)).toBe(true);
  });
});

describe('secrets', () => {
  const targets = (name: string): string[] => services[name].secrets.map(({ target }: any) => target);

  test('setup has what it reads, and nothing else', () =>
    expect(targets('setup').sort()).toEqual(setupSecrets({}).sort()));

  test.each([
    ['smoke-test', smokeSecrets({})],
    ['dead-letters', [dlqSecret({})]],
  ])('the job of %s is given what it reads, by services that have it', (document, read) => {
    const script = readFileSync(join(__dirname, `../../../assets/documents/${document}/run.sh`), 'utf8');
    const given = [...script.matchAll(/\b(processor|producer|setup)\/([a-z-]+)/g)].map(([, service, secret]) => [
      service!,
      secret!,
    ]);
    expect(given.map(([, secret]) => secret).sort()).toEqual([...read].sort());
    for (const [service, secret] of given) {
      expect(services[service!].secrets.map(({ source }: any) => source)).toContain(secret);
    }
  });

  test('stack-deploy is told how to bring each of them', () => {
    const bundled = (
      JSON.parse(bundledSecrets('lab')) as { name: string; secret_id: string; keys: string[] }[]
    ).flatMap(({ keys }) =>
      keys.map((key) => [
        key.replace('/', '-'),
        `${key.replace('/', '-')}-\${METALS_SECRET_VERSION_${key.toUpperCase().replaceAll(/[-/]/g, '_')}}`,
      ]),
    );
    expect(Object.fromEntries(bundled)).toEqual(
      Object.fromEntries(Object.entries(stack.secrets).map(([key, { name }]: any) => [key, name])),
    );
  });
});

describe('a rotation', () => {
  const environment = (name: string): Record<string, string> => services[name].environment ?? {};
  const version = (key: string): string => `\${METALS_SECRET_VERSION_${key}}`;

  test('of a password of the services restarts neither Kafka nor MongoDB', () => {
    const given = (name: string): string[] => services[name].secrets.map(({ source }: any) => source);
    expect(given('kafka')).toEqual(['kafka-password-admin']);
    expect(given('mongodb')).toEqual(['mongodb-password-admin']);
    for (const store of ['kafka', 'mongodb'])
      expect(JSON.stringify(environment(store))).not.toContain('SECRET_VERSION');
  });

  test('has each service log in as the user that the setup job has made for its version', () => {
    expect(environment('producer').METALS_KAFKA_USERNAME).toBe(`producer-${version('KAFKA_PASSWORD_PRODUCER')}`);
    expect(environment('processor')).toMatchObject({
      METALS_KAFKA_USERNAME: `processor-${version('KAFKA_PASSWORD_PROCESSOR')}`,
      METALS_MONGODB_USERNAME: `processor-${version('MONGODB_PASSWORD_PROCESSOR')}`,
    });
    expect(readUsers(environment('setup'))).toEqual({
      kafkaProducer: environment('producer').METALS_KAFKA_USERNAME,
      kafkaProcessor: environment('processor').METALS_KAFKA_USERNAME,
      mongodbProcessor: environment('processor').METALS_MONGODB_USERNAME,
      // Decided by stack-deploy.
      retireOthers: false,
    });
    expect(environment('setup').METALS_RETIRE).toBe('${METALS_RETIRE}');
  });

  test('gives the producer a second key, beside the one that it has', () => {
    const rotation = read('stack.rotation.yml');
    const [other] = rotation.services.producer.secrets;
    expect(rotation.services).toEqual({ producer: { secrets: [other] } });
    expect(other).toMatchObject({ source: 'api-key-other', target: 'api-key-other' });
    expect(`${other.uid}:${other.gid}`).toBe(services.producer.user);
    expect(rotation.secrets).toEqual({
      'api-key-other': { external: true, name: `api-key-${version('API_KEY_OTHER')}` },
    });
  });
});

describe('placement', () => {
  test('what holds admin passwords runs on managers, what takes requests and records on workers', () => {
    const constraints = (name: string): string[] => services[name].deploy.placement.constraints;
    expect(constraints('setup')).toEqual(['node.role == manager']);
    expect(constraints('producer')).toEqual(['node.role == worker']);
    expect(constraints('processor')).toEqual(['node.role == worker']);
    expect(services.edge.deploy.placement).toBeUndefined();
  });
});

describe('stateful services', () => {
  test.each(['kafka', 'mongodb', 'zookeeper'])(
    '%s is pinned by its node label and has its data on a volume',
    (name) => {
      expect(services[name].deploy.placement.constraints).toEqual([`node.labels.metals.${name} == true`]);
      expect(services[name].volumes.some(({ type }: any) => type === 'volume')).toBe(true);
    },
  );

  test('the data volumes of Kafka are one per mode, and the other is only looked at', () => {
    const mounts = (service: any): [string, string, boolean][] =>
      service.volumes
        .filter(({ type }: any) => type === 'volume')
        .map((volume: any) => [volume.source, volume.target, volume.read_only === true]);
    expect(mounts(services.kafka)).toEqual([
      ['kafka-data-kraft', '/var/lib/kafka/data', false],
      ['kafka-data-zookeeper', '/var/lib/kafka/other', true],
    ]);
    expect(mounts(zookeeper.services.kafka)).toEqual([
      ['kafka-data-zookeeper', '/var/lib/kafka/data', false],
      ['kafka-data-kraft', '/var/lib/kafka/other', true],
    ]);
  });
});

describe('the configs', () => {
  const producer = producerConfigSchema.parse(read('config/producer.yml'));
  const processor = processorConfigSchema.parse(read('config/processor.yml'));
  const tools = toolsConfigSchema.parse(read('config/tools.yml'));

  test('every file in config/ is a Docker config named by its hash', () => {
    const declared = Object.values({ ...stack.configs, ...setup.configs }) as { name: string; file: string }[];
    const files = readdirSync(join(folder, 'config')).sort();
    expect(declared.map(({ file }) => file.replace('./config/', '')).sort()).toEqual(files);
    for (const { name, file } of declared) {
      const stem = file.replace(/^.*\/|\.[a-z]+$/g, '').toUpperCase();
      expect(name).toContain(`\${METALS_CONFIG_HASH_${stem}}`);
    }
  });

  test('agree with one another and with the contract', () => {
    for (const { topic } of [producer, processor])
      expect(topic).toEqual({ name: TOPIC.prices, partitions: TOPIC.partitions });
    expect(tools.prices).toMatchObject({ name: TOPIC.prices, partitions: TOPIC.partitions });
    expect([processor.dead_letter_topic, tools.dead_letters.name]).toEqual([TOPIC.deadLetters, TOPIC.deadLetters]);
    expect(processor.consumer.group).toBe(tools.consumer_group);
    expect([producer.http.port, processor.http.port]).toEqual([PRODUCER_PORT, PROCESSOR_PORT]);
  });

  test('the edge refuses the bodies that the producer would refuse', () => {
    const edge = readFileSync(join(folder, 'config/haproxy.cfg'), 'utf8');
    const limits = [...edge.matchAll(/the body may have (\d+) bytes at most.* req\.body_size gt (\d+) \}/g)];
    expect(limits.map(([, told, held]) => [Number(told), Number(held)])).toEqual(
      Array(2).fill([producer.http.max_body_bytes, producer.http.max_body_bytes]),
    );
  });

  test('every partition has a metal', () => {
    const used = new Set(Object.values(producer.metals).map(({ partition }) => partition));
    expect(used.size).toBe(TOPIC.partitions);
  });

  test('services drain within their stop grace period', () => {
    expect(producer.drain_timeout_seconds).toBeLessThan(Number.parseInt(services.producer.stop_grace_period, 10));
    expect(processor.drain_timeout_seconds).toBeLessThan(Number.parseInt(services.processor.stop_grace_period, 10));
  });
});

describe('the configuration of a service refuses', () => {
  const producer = read('config/producer.yml');
  test.each([
    ['a partition that the topic lacks', { ...producer, metals: { gold: { partition: 6, price: 1 } } }],
    ['no metal at all', { ...producer, metals: {} }],
    ['a broker without a port', { ...producer, kafka: { brokers: ['kafka'], username: 'producer' } }],
    ['an unknown key', { ...producer, fed: {} }],
    ['a negative rate', { ...producer, feed: { rate_per_second: -1 } }],
  ])('%s', (_, config) => expect(producerConfigSchema.safeParse(config).success).toBe(false));
});

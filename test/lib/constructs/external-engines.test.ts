import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../../lib/config';
import { renderBundle } from '../../../lib/constructs/stack-bundle';
import { processorConfigSchema } from '../../../services/processor/config';
import { producerConfigSchema } from '../../../services/producer/config';
import { toolsConfigSchema } from '../../../services/tools/config';
import { dlqSecret } from '../../../services/tools/dlq';
import { setupSecrets } from '../../../services/tools/setup';
import { smokeSecrets } from '../../../services/tools/smoke';
import { createAuthority } from '../../services/common/tls-server';

const folder = mkdtempSync(path.join(tmpdir(), 'metals-external-'));
afterAll(() => rmSync(folder, { recursive: true }));

const KAFKA = { kafkaBootstrap: 'b-1.example.com:9096,b-2.example.com:9096', kafkaCidrs: '10.40.0.0/16' };
const MONGODB = { mongodbUri: 'secret', mongodbCidrs: '0.0.0.0/0' };
const CHOICES: [string, Record<string, string>, { kafka: boolean; mongodb: boolean }][] = [
  ['Kafka', KAFKA, { kafka: true, mongodb: false }],
  ['MongoDB', MONGODB, { kafka: false, mongodb: true }],
  ['both', { ...KAFKA, ...MONGODB }, { kafka: true, mongodb: true }],
];

/** The files of a bundle, as Docker reads them: 0400 is octal there. */
function bundle(settings: Record<string, string>) {
  const target = mkdtempSync(path.join(folder, 'bundle-'));
  renderBundle(readConfig({ account: '000000000000', region: 'eu-west-1', ...settings }, {}), target);
  const text = (file: string) => readFileSync(path.join(target, file), 'utf8');
  const yaml = (file: string): any => parse(text(file), { merge: true, version: '1.1' });
  const stack = yaml('stack.yml');
  const setup = yaml('setup.yml');
  const services: Record<string, any> = { ...stack.services, setup: Object.values(setup.services)[0] };
  const settingsFile = Object.fromEntries(
    text('settings.env')
      .trim()
      .split('\n')
      .map((line) => line.split('=')),
  );
  return { target, text, yaml, stack, setup, services, settings: settingsFile };
}

describe.each(CHOICES)('with %s of somebody else', (_, settings, external) => {
  const { target, text, yaml, stack, setup, services, settings: env } = bundle(settings);
  const sources = (name: string): string[] => (services[name].secrets ?? []).map(({ source }: any) => source);
  const declared = { ...stack.secrets, ...setup.secrets };

  test('the stack has no service, volume, network or need of it', () => {
    const left = ['edge', 'producer', 'processor', 'setup'];
    const own = [...(external.kafka ? [] : ['kafka']), ...(external.mongodb ? [] : ['mongodb'])];
    expect(Object.keys(services).sort()).toEqual([...left, ...own].sort());
    const volumes = Object.keys(stack.volumes);
    expect(volumes.some((name) => name.startsWith('kafka'))).toBe(!external.kafka);
    expect(volumes.includes('mongodb-data')).toBe(!external.mongodb);
    const needs = (JSON.parse(text('needs.json')) as { name: string }[]).map(({ name }) => name);
    expect(needs.sort()).toEqual(Object.keys(services).sort());
    const used = new Set(Object.values(services).flatMap(({ networks }) => networks));
    const made = (JSON.parse(text('networks.json')) as { name: string }[]).map(({ name }) => name);
    expect(made.sort()).toEqual([...used].sort());
    expect(Object.keys(stack.networks).sort()).toEqual([...used].sort());
  });

  test('brokers are told by their number, and MongoDB by whose it is', () => {
    expect(env.METALS_KAFKA_BROKERS).toBe(external.kafka ? '0' : '1');
    expect(env.METALS_MONGODB).toBe(external.mongodb ? 'external' : 'own');
    const files = readdirSync(target);
    for (const file of ['stack.zookeeper.yml', 'stack.broker-1.yml', 'dismiss.yml'])
      expect([file, files.includes(file)]).toEqual([file, !external.kafka]);
  });

  test('whoever connects to it is on the network with a way out', () => {
    const clients = external.kafka ? ['producer', 'processor', 'setup'] : ['processor', 'setup'];
    for (const name of clients) expect(services[name].networks).toContain('metals-monitoring');
    if (!external.kafka) expect(services.kafka.networks).not.toContain('metals-monitoring');
  });

  test('everything else stays as it was: modes, resources, health checks', () => {
    for (const name of ['producer', 'processor', 'setup']) {
      const was: any = parse(
        readFileSync(
          path.join(__dirname, '../../../assets/stack', name === 'setup' ? 'setup.yml' : 'stack.yml'),
          'utf8',
        ),
        { merge: true, version: '1.1' },
      );
      const before: any = name === 'setup' ? Object.values(was.services)[0] : was.services[name];
      const { deploy, healthcheck, image, user, cap_drop, read_only, volumes } = services[name];
      expect({ deploy, healthcheck, image, user, cap_drop, read_only, volumes }).toEqual({
        deploy: before.deploy,
        healthcheck: before.healthcheck,
        image: before.image,
        user: before.user,
        cap_drop: before.cap_drop,
        read_only: before.read_only,
        volumes: before.volumes,
      });
      for (const { mode } of services[name].secrets) expect(mode).toBe(0o400);
    }
  });

  test('nobody is named as a user of it, and logins are secrets of its owner', () => {
    const environments = JSON.stringify(Object.values(services).map(({ environment }) => environment));
    expect(environments.includes('METALS_KAFKA_USERNAME')).toBe(!external.kafka);
    expect(environments.includes('METALS_MONGODB_USERNAME')).toBe(!external.mongodb);
    const login = external.kafka ? 'kafka-login' : 'kafka-password';
    expect(services.producer.secrets).toContainEqual(
      expect.objectContaining({ source: `${login}-producer`, target: login }),
    );
    expect(services.processor.secrets.map(({ target: file }: any) => file)).toEqual([
      login,
      external.mongodb ? 'mongodb-uri' : 'mongodb-password',
    ]);
  });

  test('every secret that a service names is declared, and brought by stack-deploy', () => {
    const keys = (JSON.parse(text('secrets.json')) as { keys: string[] }[]).flatMap((entry) => entry.keys);
    const brought = Object.fromEntries(
      keys.map((key) => [
        key.replace('/', '-'),
        `${key.replace('/', '-')}-\${METALS_SECRET_VERSION_${key.toUpperCase().replaceAll(/[-/]/g, '_')}}`,
      ]),
    );
    const names = Object.fromEntries(Object.entries(declared).map(([key, { name }]: any) => [key, name]));
    expect(names).toEqual(brought);
    expect(new Set(Object.keys(names))).toEqual(
      new Set([...Object.keys(services).flatMap(sources), ...(external.kafka ? [] : ['kafka-password-brokers'])]),
    );
  });

  test('services and tools read their configuration, and want the secrets that they are given', () => {
    const producer = producerConfigSchema.parse(yaml('config/producer.yml'));
    const processor = processorConfigSchema.parse(yaml('config/processor.yml'));
    const tools = toolsConfigSchema.parse(yaml('config/tools.yml'));
    for (const config of [producer, processor, tools]) {
      expect(config.kafka.external !== undefined).toBe(external.kafka);
      if (external.kafka) expect(config.kafka.brokers).toEqual(settings.kafkaBootstrap!.split(','));
    }
    for (const config of [processor, tools]) {
      expect(config.mongodb.external !== undefined).toBe(external.mongodb);
      expect(config.mongodb.host).toBe(external.mongodb ? undefined : 'mongodb:27017');
    }
    expect(sources('setup').sort()).toEqual(setupSecrets(tools).sort());
    // What the jobs of documents borrow.
    expect(sources('setup')).toContain(dlqSecret(tools));
    const borrowed = [...sources('processor'), ...sources('producer')];
    expect(borrowed).toEqual(expect.arrayContaining(smokeSecrets(tools)));
  });
});

test('a CA goes into the bundle, as a config of those who connect', () => {
  const { caFile } = createAuthority();
  const copy = path.join(folder, 'ca.pem');
  writeFileSync(copy, readFileSync(caFile));
  const { text, yaml, stack, setup, services } = bundle({ ...KAFKA, ...MONGODB, kafkaCa: copy, mongodbCa: copy });
  expect(text('config/kafka-ca.pem')).toBe(readFileSync(caFile, 'utf8'));
  expect(stack.configs['kafka-ca']).toEqual({
    name: 'kafka-ca-${METALS_CONFIG_HASH_KAFKA_CA}',
    file: './config/kafka-ca.pem',
  });
  const mounted = (name: string) =>
    services[name].configs.map(({ source, target, mode }: any) => [source, target, mode]);
  expect(mounted('producer')).toContainEqual(['kafka-ca', '/etc/metals/kafka-ca.pem', 0o440]);
  expect(mounted('producer')).toHaveLength(2);
  for (const name of ['processor', 'setup'])
    expect(mounted(name)).toContainEqual(['mongodb-ca', '/etc/metals/mongodb-ca.pem', 0o440]);
  expect(setup.configs).toHaveProperty('mongodb-ca');
  expect(yaml('config/processor.yml').mongodb.external).toEqual({ ca_file: '/etc/metals/mongodb-ca.pem' });
});

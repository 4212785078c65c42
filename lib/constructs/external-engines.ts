/** The stack's files for engines of somebody else: without the services that are not here, and with logins from secrets. Pure. */
import { type EngineChoice, hasOwnKafka, hasOwnMongodb } from '../engines';
import { readStackFile, stackFileText } from './stack-file';

interface Mount {
  readonly source: string;
  readonly target: string;
  readonly [key: string]: unknown;
}

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly networks: readonly string[];
  readonly secrets?: readonly Mount[];
  readonly configs?: readonly Mount[];
  readonly [key: string]: unknown;
}

interface StackFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks?: Readonly<Record<string, unknown>>;
  readonly volumes?: Readonly<Record<string, unknown>>;
  readonly secrets?: Readonly<Record<string, unknown>>;
  readonly configs?: Readonly<Record<string, unknown>>;
  readonly [key: string]: unknown;
}

/** The network with a way out: docs/network.md. */
const WAY_OUT = 'metals-monitoring';

/** CA files of external engines, by the engine. */
export interface CaChoice {
  readonly kafka: boolean;
  readonly mongodb: boolean;
}

export const CA_TARGETS = { kafka: '/etc/metals/kafka-ca.pem', mongodb: '/etc/metals/mongodb-ca.pem' } as const;
type Engine = keyof typeof CA_TARGETS;

/** Who connects to each engine. */
const CLIENTS: Readonly<Record<Engine, readonly string[]>> = {
  kafka: ['producer', 'processor', 'setup'],
  mongodb: ['processor', 'setup'],
};

/** Networks that are there for one engine's sake, and so of no use without it. */
export function networksOf(choice: EngineChoice): string[] {
  return [
    ...(hasOwnKafka(choice) ? ['metals-frontend'] : []),
    ...(hasOwnKafka(choice) || hasOwnMongodb(choice) ? ['metals-backend'] : []),
    WAY_OUT,
  ];
}

/** stack.yml, or setup.yml, as it is with these engines; as it stands where both are the own ones. */
export function withEngines(yaml: string, choice: EngineChoice, ca: CaChoice): string {
  const external: Engine[] = [
    ...(hasOwnKafka(choice) ? [] : ['kafka' as const]),
    ...(hasOwnMongodb(choice) ? [] : ['mongodb' as const]),
  ];
  if (external.length === 0) return yaml;
  const file = readStackFile(yaml) as StackFile;
  const kept = networksOf(choice);
  const services = Object.fromEntries(
    Object.entries(file.services)
      .filter(([name]) => !external.some((engine) => engine === name))
      .map(([name, service]) => [name, adapted(name, service, external, kept, ca)]),
  );
  const used = (kind: 'secrets' | 'configs') =>
    new Set(Object.values(services).flatMap((service) => (service[kind] ?? []).map(({ source }) => source)));
  const declared = {
    ...Object.fromEntries(Object.entries(file).filter(([key]) => !key.startsWith('x-'))),
    services,
    ...(file.networks && { networks: only(file.networks, (name) => kept.includes(name)) }),
    ...(file.volumes && { volumes: only(file.volumes, (name) => !external.some((engine) => name.startsWith(engine))) }),
    ...(file.secrets && {
      secrets: {
        // Of several brokers only, and named in files of their own: broker-files.ts.
        ...only(
          file.secrets,
          (name) => used('secrets').has(name) || (hasOwnKafka(choice) && name.endsWith('-brokers')),
        ),
        ...logins(services),
      },
    }),
    configs: { ...file.configs, ...caConfigs(used('configs')) },
  };
  return stackFileText(declared);
}

const only = <T>(entries: Readonly<Record<string, T>>, isKept: (name: string) => boolean): Record<string, T> =>
  Object.fromEntries(Object.entries(entries).filter(([name]) => isKept(name)));

/** The job's name ends with a hash that stack-deploy puts in. */
const roleOf = (name: string): string => name.split('-')[0]!;

function adapted(
  name: string,
  service: Service,
  external: readonly Engine[],
  kept: readonly string[],
  ca: CaChoice,
): Service {
  const engines = external.filter((engine) => CLIENTS[engine].includes(roleOf(name)));
  if (engines.length === 0)
    return { ...service, networks: service.networks.filter((network) => kept.includes(network)) };
  const { environment = {}, secrets = [], configs = [] } = service;
  const networks = [...service.networks.filter((network) => kept.includes(network)), WAY_OUT];
  const [pattern] = configs;
  return {
    ...service,
    // Users are made for own engines alone.
    environment: only(
      environment,
      (key) => !engines.some((engine) => key.startsWith(`METALS_${engine.toUpperCase()}_`)),
    ),
    networks: [...new Set(networks)],
    secrets: secrets.map((secret) => engines.reduce(withLogin, secret)),
    configs: [
      ...configs,
      ...engines
        .filter((engine) => ca[engine])
        .map((engine) => ({ ...pattern!, source: `${engine}-ca`, target: CA_TARGETS[engine] })),
    ],
  };
}

const LOGIN: Readonly<Record<Engine, string>> = { kafka: 'kafka-login', mongodb: 'mongodb-uri' };

/** In place of the password of a user that is made here, what its owner has put in a secret. */
const withLogin = (secret: Mount, engine: Engine): Mount => ({
  ...secret,
  source: secret.source.replace(`${engine}-password`, LOGIN[engine]),
  target: secret.target.replace(`${engine}-password`, LOGIN[engine]),
});

function logins(services: Readonly<Record<string, Service>>): Record<string, unknown> {
  const sources = Object.values(services).flatMap(({ secrets = [] }) => secrets.map(({ source }) => source));
  // The setup job, in a file of its own, has an administrator's besides.
  const all = [...sources, ...sources.map((source) => source.replace(/-(producer|processor)$/, '-admin'))];
  const external = all.filter((source) => Object.values(LOGIN).some((login) => source.startsWith(login)));
  return Object.fromEntries(
    [...new Set(external)].map((source) => [
      source,
      { external: true, name: `${source}-\${METALS_SECRET_VERSION_${variable(source)}}` },
    ]),
  );
}

const variable = (name: string): string => name.toUpperCase().replaceAll('-', '_');

const caConfigs = (used: ReadonlySet<string>): Record<string, unknown> =>
  Object.fromEntries(
    (Object.keys(CA_TARGETS) as Engine[])
      .map((engine) => `${engine}-ca`)
      .filter((name) => used.has(name))
      .map((name) => [
        name,
        { name: `${name}-\${METALS_CONFIG_HASH_${variable(name)}}`, file: `./config/${name}.pem` },
      ]),
  );

/** What a task gets on the Swarm, read from the product's own stack files, as arguments of `docker run`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { REPOSITORY } from '../../lib/repository';

export type Component = 'kafka' | 'mongodb' | 'producer' | 'processor' | 'tools';

interface Volume {
  readonly type: 'volume' | 'tmpfs';
  readonly source?: string;
  readonly target: string;
  readonly read_only?: boolean;
  readonly tmpfs?: { readonly size: number };
}

export interface StackService {
  readonly user: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets: readonly { readonly source: string; readonly target: string }[];
  readonly configs?: readonly { readonly source: string; readonly target: string }[];
  readonly volumes: readonly Volume[];
  readonly cap_drop: readonly string[];
  readonly read_only: boolean;
  readonly init: boolean;
  readonly deploy: { readonly resources: { readonly limits: { cpus: string; memory: string; pids: number } } };
}

const STACK = path.join(REPOSITORY, 'assets', 'stack');

export function stackService(component: Component): StackService {
  const file = path.join(STACK, component === 'tools' ? 'setup.yml' : 'stack.yml');
  const { services } = parse(readFileSync(file, 'utf8'), { merge: true }) as { services: Record<string, StackService> };
  const name = Object.keys(services).find((key) => key === component || component === 'tools');
  if (name === undefined) throw new Error(`${file} has no service ${component}`);
  return services[name];
}

export const productConfig = (component: Component): Record<string, unknown> =>
  parse(readFileSync(path.join(STACK, 'config', `${component}.yml`), 'utf8')) as Record<string, unknown>;

export interface Limits {
  /** Number of CPUs. @default as on the Swarm */
  readonly cpus?: number | 'unlimited';
  /** Such as `512m`. @default as on the Swarm */
  readonly memory?: string | 'unlimited';
}

export interface Placement extends Limits {
  readonly container: string;
  readonly image: string;
  readonly network: string;
  readonly alias: string;
  /** @default any that is free */
  readonly address?: string;
  /** 127.0.0.1:hostPort on this machine is containerPort of the container. */
  readonly port?: { readonly host: number; readonly container: number };
  readonly labels: Readonly<Record<string, string>>;
  readonly secretsDirectory: string;
  readonly configFile?: string;
  /** Prefix of the names of volumes. */
  readonly volumePrefix: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Beyond those of the stack, as `--mount` takes them. */
  readonly mounts?: readonly string[];
  /** Volumes of the stack, by their source, that are replaced by these. */
  readonly volumes?: Readonly<Record<string, string>>;
}

/** Pure: the arguments after `docker run`, the image being the last. */
export function runArguments(service: StackService, at: Placement): string[] {
  const { limits } = service.deploy.resources;
  const cpus = at.cpus ?? limits.cpus;
  const memory = at.memory ?? limits.memory;
  const configured = Object.entries(service.environment ?? {}).filter(([, value]) => !/\$\{|\{\{/.test(value));
  const environment = { ...Object.fromEntries(configured), ...at.environment };
  return [
    ...['--name', at.container, '--hostname', at.alias],
    ...['--network', at.network, '--network-alias', at.alias],
    ...(at.address === undefined ? [] : ['--ip', at.address]),
    ...['--user', service.user, '--security-opt', 'no-new-privileges'],
    ...(service.init ? ['--init'] : []),
    ...(service.read_only ? ['--read-only'] : []),
    ...service.cap_drop.flatMap((name) => ['--cap-drop', name]),
    ...['--pids-limit', String(limits.pids)],
    ...(cpus === 'unlimited' ? [] : ['--cpus', String(cpus)]),
    ...(memory === 'unlimited' ? [] : ['--memory', memory]),
    ...Object.entries(at.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...(at.port ? ['--publish', `127.0.0.1:${at.port.host}:${at.port.container}`] : []),
    ...service.secrets.flatMap(({ source, target }) =>
      mount(`type=bind,source=${at.secretsDirectory}/${source},destination=/run/secrets/${target},readonly`),
    ),
    ...(service.configs ?? []).flatMap(({ target }) =>
      mount(`type=bind,source=${at.configFile},destination=${target},readonly`),
    ),
    ...service.volumes.flatMap((volume) => mount(volumeOf(volume, at))),
    ...(at.mounts ?? []).flatMap(mount),
    at.image,
  ];
}

const mount = (text: string): string[] => ['--mount', text];

function volumeOf({ type, source, target, read_only: readOnly, tmpfs }: Volume, at: Placement): string {
  if (type === 'tmpfs') return `type=tmpfs,destination=${target},tmpfs-size=${tmpfs?.size}`;
  const labels = Object.entries(at.labels).map(([name, value]) => `volume-label=${name}=${value}`);
  const name = at.volumes?.[source!] ?? `${at.volumePrefix}${source}`;
  const options = [`source=${name}`, `destination=${target}`, ...labels];
  return ['type=volume', ...options, ...(readOnly ? ['readonly'] : [])].join(',');
}

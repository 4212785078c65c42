/** Containers of what the product is measured against, in the network of a rig, with its secrets. */
import path from 'node:path';
import { REPOSITORY } from '../../../lib/repository';
import { docker } from '../../../lib/lab/docker';
import type { Rig } from '../../rig/rig';
import { Task } from '../../rig/task';

export interface ContenderPlan {
  readonly alias: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Names of the rig's secrets; each is a file below /run/secrets. */
  readonly secrets: readonly string[];
  /** Files of this machine, by where they are in the container. */
  readonly files?: Readonly<Record<string, string>>;
  /** 127.0.0.1:host is the container's port. */
  readonly port?: { readonly host: number; readonly container: number };
  /** @default no limit */
  readonly cpus?: number;
  /** Undefined once it does its work, or why not. @default at once */
  readonly look?: (task: Task) => Promise<string | undefined>;
}

export const rigDirectory = (rig: Pick<Rig, 'name'>): string => path.join(REPOSITORY, 'build', 'rig', rig.name);

/** Pure: the arguments after `docker`. No password is among them: secrets are files. */
export function contenderArguments(rig: Pick<Rig, 'name' | 'network' | 'labels'>, plan: ContenderPlan): string[] {
  const secrets = plan.secrets.map((name) => [`/run/secrets/${name}`, path.join(rigDirectory(rig), 'secrets', name)]);
  const files = [...secrets, ...Object.entries(plan.files ?? {})];
  return [
    ...['run', '--detach', '--name', `${rig.network}-${plan.alias}`, '--hostname', plan.alias],
    ...['--network', rig.network, '--network-alias', plan.alias],
    ...['--user', '1000:1000', '--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL'],
    ...['--security-opt', 'no-new-privileges'],
    ...Object.entries(rig.labels).flatMap(([name, value]) => ['--label', `${name}=${value}`]),
    ...Object.entries(plan.environment ?? {}).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    ...(plan.cpus === undefined ? [] : ['--cpus', String(plan.cpus)]),
    ...(plan.port ? ['--publish', `127.0.0.1:${plan.port.host}:${plan.port.container}`] : []),
    ...files.flatMap(([target, source]) => ['--mount', `type=bind,source=${source},destination=${target},readonly`]),
    plan.image,
    ...(plan.command ?? []),
  ];
}

export async function runContender(rig: Rig, plan: ContenderPlan): Promise<Task> {
  await docker(contenderArguments(rig, plan));
  return new Task({
    container: `${rig.network}-${plan.alias}`,
    network: rig.network,
    alias: plan.alias,
    port: plan.port?.host ?? 0,
    look: plan.look ?? (() => Promise.resolve(undefined)),
    report: () => undefined,
  });
}

/** A container that stands for somebody else's machine: on the nodes' network, and neither a node nor in their Swarm. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { addressAt } from '../../../lib/cidr';
import { LAB_LABEL, LAB_PREFIX } from '../../../lib/contract';
import { nodeContainers } from './nodes';
import { run, tryRun } from './run';
import { networkOf } from './wire';

const NAME_PREFIX = `${LAB_PREFIX}-external-`;
/** Where its files are. */
export const FOLDER = '/etc/external';
/** In the upper end of the VPC's range, where the lab has no subnet. */
const FIRST_OFFSET = 255 * 256 + 10;

export interface External {
  /** Part of its container's name. */
  readonly name: string;
  readonly image: string;
  /** How many addresses it is behind the first one. */
  readonly place: number;
  /** Tasks ask the machine's resolver for names with a dot, so these lead here from the nodes. */
  readonly hosts: readonly string[];
  /** By name; `start.sh` is what it runs. They hold keys and passwords, which never become arguments. */
  readonly files: Readonly<Record<string, string>>;
}

export interface RunningExternal {
  /** On the nodes' network, and from this machine. */
  readonly address: string;
  /** Runs a program in it. */
  exec(...args: string[]): Promise<string>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** Starts it; what an interrupted run has left of it goes first. */
export async function startExternal({ name, image, place, hosts, files }: External): Promise<RunningExternal> {
  const container = `${NAME_PREFIX}${name}`;
  await tryRun('docker', ['rm', '--force', '--volumes', container]);
  const [node] = await nodeContainers();
  const { network } = await networkOf(node!);
  const range = await run('docker', ['network', 'inspect', '--format', '{{(index .IPAM.Config 0).Subnet}}', network]);
  const address = addressAt(range.trim(), FIRST_OFFSET + place);
  await run('docker', [
    // With the label it goes with the lab.
    ...['create', '--name', container, '--label', `${LAB_LABEL}=1`, '--user', '0:0'],
    ...['--network', network, '--ip', address, ...hosts.flatMap((host) => ['--network-alias', host])],
    ...['--entrypoint', 'bash', image, `${FOLDER}/start.sh`],
  ]);
  const folder = mkdtempSync(path.join(tmpdir(), 'metals-lab-external-'));
  try {
    for (const [file, content] of Object.entries(files))
      writeFileSync(path.join(folder, file), content, { mode: 0o600 });
    await run('docker', ['cp', `${folder}/.`, `${container}:${FOLDER}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const docker =
    (...verb: string[]) =>
    async (): Promise<void> =>
      void (await run('docker', [...verb, container]));
  await docker('start')();
  return {
    address,
    exec: (...args) => run('docker', ['exec', container, ...args]),
    stop: docker('stop', '--time', '30'),
    start: docker('start'),
  };
}

/** Removes all of them, with their data. */
export async function removeExternals(): Promise<void> {
  const listed = await run('docker', ['ps', '-aq', '--filter', `name=^${NAME_PREFIX}`]);
  const ids = listed.split('\n').filter(Boolean);
  if (ids.length > 0) await run('docker', ['rm', '--force', '--volumes', ...ids]);
}

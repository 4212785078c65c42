/** Removes what the lab made, and nothing else: containers, networks and volumes by label, images by name. */
import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { LAB_ACCOUNT_ID, LAB_LABEL, LAB_PREFIX } from '../contract';
import { CONTENT_LABEL, STAGE_LABEL } from './stand-ins';
import { docker } from './docker';
import { ENV_FILE, SECRET_FILE } from './lab-files';
import { timed, type Progress } from './lab-error';
import { BUILD_DIRECTORY } from './paths';
import { releaseLoopDevices } from './loop-devices';
import { takeLab } from './lock';
import { daemonProblem } from './preflight';
import { readPreflightFacts } from './preflight-facts';
import { DEFAULT_OPTIONS } from './options';
import { tryRun } from './process';

const CGROUP_ROOT = '/sys/fs/cgroup';

export interface DownOptions {
  /** Removes the lab's images as well. */
  readonly images: boolean;
}

export interface Removed {
  readonly containers: number;
  readonly networks: number;
  readonly volumes: number;
  readonly loopDevices: number;
  readonly images: number;
}

/** May be run twice, and on a lab that is half up; what is gone already is no failure. */
export async function labDown(options: DownOptions, progress: Progress): Promise<Removed> {
  takeLab();
  const problem = daemonProblem(await readPreflightFacts(DEFAULT_OPTIONS, progress.signal));
  if (problem) throw problem;
  const { signal } = progress;
  // Containers hold networks and volumes, so they go first, all at once: nothing of them is kept.
  const containers = await removeAll('container', ['ps', '--all'], ['rm', '--force', '--volumes'], progress);
  const networks = await removeAll('network', ['network', 'ls'], ['network', 'rm'], progress);
  const loopDevices = await releaseLoopDevices(progress);
  const volumes = await removeAll('volume', ['volume', 'ls'], ['volume', 'rm'], progress);
  removeDeadCgroups(progress);
  let images = 0;
  if (options.images) {
    images = await removeImages(progress);
    rmSync(BUILD_DIRECTORY, { recursive: true, force: true });
  }
  signal.throwIfAborted();
  rmSync(ENV_FILE, { force: true });
  rmSync(SECRET_FILE, { force: true });
  return { containers, networks, volumes, loopDevices, images };
}

async function removeAll(
  kind: string,
  listCommand: readonly string[],
  removeCommand: readonly string[],
  progress: Progress,
): Promise<number> {
  const { signal, report } = progress;
  const list = async (): Promise<string[]> =>
    words(await docker([...listCommand, '--quiet', '--filter', `label=${LAB_LABEL}`], { signal }));
  const names = await list();
  if (names.length === 0) {
    report(`${kind}s: none left`);
    return 0;
  }
  await timed(progress, `remove ${names.length} ${kind}${names.length === 1 ? '' : 's'}`, async () => {
    const { stderr } = await tryRun('docker', [...removeCommand, ...names], { signal });
    // Something else may have removed one meanwhile; only what is still there is a failure.
    const left = await list();
    if (left.length > 0) throw new Error(`${left.length} ${kind}s could not be removed: ${stderr.trim()}`);
  });
  return names.length;
}

/**
 * Local images of the lab: its own and its bases, and what CDK built and tagged for the lab's registry. A CDK image
 * is known by that registry's name, which only account 000000000000 has; its other tag is CDK's own.
 */
async function removeImages(progress: Progress): Promise<number> {
  const { signal } = progress;
  const listing = await docker(['image', 'ls', '--no-trunc', '--format', '{{.Repository}}:{{.Tag}} {{.ID}}'], {
    signal,
  });
  const names = imagesToRemove(listing);
  if (names.length > 0)
    await timed(progress, `remove ${names.length} image tags`, () => docker(['rmi', '--force', ...names], { signal }));
  // What earlier builds left without a tag; every image that stands on a stand-in carries its label.
  for (const label of [`${STAGE_LABEL}=build`, CONTENT_LABEL])
    await docker(['image', 'prune', '--force', '--filter', `label=${label}`], { signal });
  return names.length;
}

/** Pure: tags to remove, from lines of `repository:tag id`. */
export function imagesToRemove(listing: string): string[] {
  const lines = listing.split('\n').filter(Boolean);
  const images = lines.map((line) => ({
    name: line.slice(0, line.lastIndexOf(' ')),
    id: line.slice(line.lastIndexOf(' ') + 1),
  }));
  const ofRegistry = new RegExp(`^127\\.0\\.0\\.1:\\d+/[^:]*-${LAB_ACCOUNT_ID}-`);
  const pushed = new Set(images.filter(({ name }) => ofRegistry.test(name)).map(({ id }) => id));
  return images
    .filter(({ name }) => !name.includes('<none>'))
    .filter(
      ({ name, id }) =>
        name.startsWith(`${LAB_PREFIX}/`) || ofRegistry.test(name) || (name.startsWith('cdkasset-') && pushed.has(id)),
    )
    .map(({ name }) => name);
}

/** cgroup v1: nodes make cgroups of their own on the host, which outlive their containers. */
function removeDeadCgroups({ report }: Progress): void {
  if (!existsSync(CGROUP_ROOT)) return;
  const roots = [CGROUP_ROOT, ...readdirSync(CGROUP_ROOT).map((name) => path.join(CGROUP_ROOT, name))];
  const left = roots
    .map((root) => path.join(root, LAB_PREFIX))
    .filter(existsSync)
    .filter((directory) => !removeTree(directory));
  if (left.length > 0) report(`dead cgroups stay (removing them needs root): ${left.join(', ')}`);
}

/** A cgroup's files vanish with its directory, so only directories are removed, the innermost first. */
function removeTree(directory: string): boolean {
  const children = readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const removed = children.map((child) => removeTree(path.join(directory, child.name)));
  if (removed.includes(false)) return false;
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    if (['EBUSY', 'EACCES', 'EPERM', 'EROFS'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

const words = (text: string): string[] => text.split('\n').filter(Boolean);

/** The machine's loop devices, which are the lab's EBS volumes: whether there are any, and what a killed lab has left. */
import path from 'node:path';
import { LAB_LABEL, LAB_PREFIX } from '../contract';
import { diskArguments } from './gateway/ec2/disks';
import type { Progress } from './lab-error';
import { ASSETS } from './paths';
import { lastLines, tryRun } from './process';

export type VolumeKind = 'loop' | 'docker';

/** Names of the files behind the lab's loop devices begin so, and those of nobody else. */
const FILE_PREFIX = `${LAB_PREFIX}-vol-`;
const NODE_LIBRARY = path.join(ASSETS, 'node', 'lib');

/** Asks the machine itself, in a container as the gateway will: with a loop device, and with a mount's rights. */
export async function probeLoopDevices(nodeImage: string, { report, signal }: Progress): Promise<VolumeKind> {
  const volume = `${LAB_PREFIX}-probe`;
  await tryRun('docker', ['volume', 'create', '--label', `${LAB_LABEL}=1`, volume], { signal });
  const { exitCode, stderr } = await tryRun('docker', diskArguments(nodeImage, volume, ['probe']), { signal });
  await tryRun('docker', ['volume', 'rm', volume], { signal });
  if (exitCode === 0) {
    report('volumes: loop devices');
    return 'loop';
  }
  report(
    `stand-in: volumes are Docker volumes mounted from the start, because this machine gives no loop device ` +
      `(${lastLines(stderr.trim(), 1)}): user data attaches, formats and grows nothing here`,
  );
  return 'docker';
}

/** Gives back the devices of volumes whose lab is gone; the containers that used them must be gone too. */
export async function releaseLoopDevices({ report, signal }: Progress): Promise<number> {
  // On a Mac they are inside Docker's virtual machine, where they end with the volumes' files.
  if (process.platform !== 'linux') return 0;
  const disk = path.join(NODE_LIBRARY, 'disk');
  const run = (verb: string) =>
    tryRun(disk, [verb, FILE_PREFIX], { signal, env: { ...process.env, LAB_LIB: NODE_LIBRARY } });
  const left = lines((await run('list')).stdout);
  if (left.length === 0) return 0;
  const { exitCode, stderr } = await run('release');
  const stay = lines((await run('list')).stdout);
  if (exitCode !== 0 || stay.length > 0)
    report(`${stay.length} loop devices stay: ${lastLines(stderr.trim(), 1)} (removing them needs root)`);
  return left.length - stay.length;
}

const lines = (text: string): string[] => text.split('\n').filter(Boolean);

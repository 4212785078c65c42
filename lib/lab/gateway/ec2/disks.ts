/** Effects on volumes: a sparse file in a Docker volume of its own, behind a loop device of the machine. */
import { NODE_LIB } from '../settings';
import { LAB_LABEL } from '../../../contract';
import { run } from '../../process';
import { LOOP_DEVICE_ARGUMENTS, volumeName } from './container';
import { createVolume, removeVolume } from './docker-node';

/** The program that works on files and loop devices (assets/lab/node/lib/disk). */
const DISK = `${NODE_LIB}/disk`;
const DEVICE = `${NODE_LIB}/device`;
/** As seen by that program; the kernel shows the name, by which a leftover of a killed lab is known. */
const fileOf = (volumeId: string): string => `/volume/${volumeName(volumeId)}.img`;

export interface Disks {
  /** Makes the disk of a volume, empty. */
  create(volumeId: string, sizeGib: number): Promise<void>;
  /** Makes it larger, attached or not. */
  grow(volumeId: string, sizeGib: number): Promise<void>;
  /** Gives it a loop device, or answers the one that it has; then shows it in a node under EC2's name. */
  plugIn(volumeId: string, container: string): Promise<void>;
  /** Takes its loop device back. @throws while a file system on it is still mounted */
  unplug(volumeId: string): Promise<void>;
  /** Removes the disk with its data. */
  remove(volumeId: string): Promise<void>;
}

/** Pure: a container beside the nodes that works on one volume's file. */
export const diskArguments = (image: string, volume: string, command: readonly string[]): string[] => [
  ...['run', '--rm', '--network', 'none', '--label', `${LAB_LABEL}=1`],
  ...['--cap-add', 'SYS_ADMIN', '--security-opt', 'seccomp=unconfined', ...LOOP_DEVICE_ARGUMENTS],
  ...['--mount', `type=volume,source=${volume},target=/volume`],
  ...['--entrypoint', DISK, image, ...command],
];

export function loopDisks(nodeImage: string): Disks {
  const disk = (volumeId: string, ...command: string[]): Promise<string> =>
    run('docker', diskArguments(nodeImage, volumeName(volumeId), command));
  return {
    async create(volumeId, sizeGib) {
      await createVolume(volumeName(volumeId), LAB_LABEL);
      await disk(volumeId, 'create', fileOf(volumeId), String(sizeGib));
    },
    async grow(volumeId, sizeGib) {
      await disk(volumeId, 'grow', fileOf(volumeId), String(sizeGib));
    },
    async plugIn(volumeId, container) {
      const number = (await disk(volumeId, 'attach', fileOf(volumeId))).trim();
      await run('docker', ['exec', container, DEVICE, 'add', volumeId, number]);
    },
    async unplug(volumeId) {
      await disk(volumeId, 'detach', fileOf(volumeId));
    },
    async remove(volumeId) {
      await disk(volumeId, 'detach', fileOf(volumeId));
      await removeVolume(volumeName(volumeId));
    },
  };
}

/**
 * Where the machine has no loop devices: a Docker volume, mounted at /var/lib/docker when the node starts. Its size is
 * not enforced, and user data finds it mounted. A stand-in, announced as one.
 */
export const mountedDisks: Disks = {
  create: (volumeId) => createVolume(volumeName(volumeId), LAB_LABEL),
  grow: async () => undefined,
  plugIn: async () => undefined,
  unplug: async () => undefined,
  remove: (volumeId) => removeVolume(volumeName(volumeId)),
};

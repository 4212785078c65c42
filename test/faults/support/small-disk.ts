/** A volume of a few megabytes that a test can fill: in memory, held by a container for as long as the test runs. */
import { docker } from '../../../lib/lab/docker';

const FILLER = '/disk/filler';

export class SmallDisk {
  private constructor(
    readonly volume: string,
    private readonly holder: string,
  ) {}

  /** @param user `UID:GID` of whoever writes to it. */
  static async make(name: string, toolbox: string, megabytes: number, user: string): Promise<SmallDisk> {
    const disk = new SmallDisk(name, `${name}-holder`);
    await disk.remove();
    const [uid, gid] = user.split(':');
    const options = ['type=tmpfs', 'device=tmpfs', `o=size=${megabytes}m,uid=${uid},gid=${gid}`];
    await docker(['volume', 'create', ...options.flatMap((option) => ['--opt', option]), name]);
    // What is in memory is gone when no container uses it any more.
    const mount = `type=volume,source=${name},destination=/disk,volume-nocopy`;
    await docker(['run', '--detach', '--init', '--name', disk.holder, '--mount', mount, toolbox, 'sleep', 'infinity']);
    return disk;
  }

  /** Leaves no byte. */
  async fill(): Promise<void> {
    const fill = `dd if=/dev/zero of=${FILLER} bs=64k 2>/dev/null; df --output=avail /disk | tail -n 1`;
    const left = (await docker(['exec', this.holder, 'sh', '-c', fill])).trim();
    if (left !== '0') throw new Error(`${this.volume} has ${left} KB left after it was filled`);
  }

  async free(): Promise<void> {
    await docker(['exec', this.holder, 'rm', FILLER]);
  }

  async remove(): Promise<void> {
    const held = (await docker(['ps', '--all', '--quiet', '--filter', `name=^${this.holder}$`])).trim();
    if (held !== '') await docker(['rm', '--force', held]);
    const there = (await docker(['volume', 'ls', '--quiet', '--filter', `name=^${this.volume}$`])).trim();
    if (there !== '') await docker(['volume', 'rm', this.volume]);
  }
}

/** What building stand-ins needs of this machine, checked before the first of them is begun. */
import { LabError } from './lab-error';
import { tryRun } from './process';

export interface StandInTools {
  readonly platform: NodeJS.Platform;
  readonly root: boolean;
  readonly debootstrap: boolean;
}

/** Pure: undefined, or why stand-ins cannot be built here and what to do. */
export function standInProblem({ platform, root, debootstrap }: StandInTools): LabError | undefined {
  const pull = "docker pull debian:trixie-slim    # once this works, 'npm run lab' uses the real images";
  if (platform !== 'linux')
    return new LabError(
      `the base images cannot be pulled, and their stand-ins can be built on Linux only: this is ${platform}`,
      [pull],
    );
  if (!root)
    return new LabError(
      'the base images cannot be pulled, and building their stand-ins needs root (debootstrap): this user is not root',
      ['sudo npm run lab', pull],
    );
  if (!debootstrap)
    return new LabError('the base images cannot be pulled, and building their stand-ins needs debootstrap: not found', [
      'apt-get install --yes debootstrap    # or bin/setup --lab',
      pull,
    ]);
  return undefined;
}

export async function requireStandInTools(signal: AbortSignal): Promise<void> {
  const found = process.platform === 'linux' && (await tryRun('which', ['debootstrap'], { signal })).exitCode === 0;
  const problem = standInProblem({
    platform: process.platform,
    root: process.getuid?.() === 0,
    debootstrap: found,
  });
  if (problem) throw problem;
}

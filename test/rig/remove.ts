/** Takes away everything that carries a rig's label, also what a killed run left behind. */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from '../../lib/repository';
import { docker } from '../../lib/lab/docker';

/** Its value is the rig's name. */
export const RIG_LABEL = 'com.metals.rig';

export async function removeRig(name: string): Promise<void> {
  const filter = ['--quiet', '--filter', `label=${RIG_LABEL}=${name}`];
  const list = async (args: readonly string[]): Promise<string[]> =>
    (await docker([...args, ...filter])).split('\n').filter((id) => id !== '');
  const containers = await list(['ps', '--all', '--no-trunc']);
  if (containers.length > 0) await docker(['rm', '--force', '--volumes', ...containers]);
  const volumes = await list(['volume', 'ls']);
  if (volumes.length > 0) await docker(['volume', 'rm', ...volumes]);
  const networks = await list(['network', 'ls', '--no-trunc']);
  if (networks.length > 0) await docker(['network', 'rm', ...networks]);
  rmSync(path.join(REPOSITORY, 'build', 'rig', name), { recursive: true, force: true });
}

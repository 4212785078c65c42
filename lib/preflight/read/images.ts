/** Reads what images.ts judges. */
import { DescribeImagesCommand } from '@aws-sdk/client-ec2';
import { known, unknown, type Ask, type Fact } from '../fact';
import type { BaseImageFacts, ImageFacts, MachineImageFacts } from '../images';
import type { Clients } from './clients';
import type { TryProgram } from '../../program';

const DAY_MS = 86_400_000;
const DAEMON_TIMEOUT_MS = 15_000;
/** A registry that is reachable answers within a second or two. */
const REGISTRY_TIMEOUT_MS = 20_000;

export async function readMachineImage(
  { ec2 }: Clients,
  imageId: string | undefined,
  now: Date,
  ask: Ask,
): Promise<ImageFacts['machineImage']> {
  if (imageId === undefined) return unknown('none is pinned');
  return ask('ec2:DescribeImages', async () => {
    try {
      const { Images = [] } = await ec2.send(new DescribeImagesCommand({ ImageIds: [imageId] }));
      const image = Images[0];
      if (!image) return 'absent';
      const ageDays = Math.floor((now.getTime() - Date.parse(image.CreationDate ?? '')) / DAY_MS);
      return { name: image.Name ?? '', ageDays, state: image.State ?? '' } satisfies MachineImageFacts;
    } catch (error) {
      if (/^InvalidAMIID/.test((error as Error).name)) return 'absent';
      throw error;
    }
  });
}

export async function readDocker(run: TryProgram, signal: AbortSignal): Promise<Fact<string>> {
  const output = await run('docker', ['version', '--format', '{{.Server.Version}}'], DAEMON_TIMEOUT_MS, signal);
  return output.succeeded ? known(output.stdout.trim()) : unknown(output.problem);
}

/**
 * Asks the registry of each image for its manifest, by Docker's own client: its logins hold, and nothing is
 * downloaded. An image that this machine has already is not pulled by a build.
 */
export async function readBases(
  references: readonly string[],
  run: TryProgram,
  signal: AbortSignal,
): Promise<BaseImageFacts[]> {
  return Promise.all(
    references.map(async (reference) => {
      const answer = await run('docker', ['manifest', 'inspect', reference], REGISTRY_TIMEOUT_MS, signal);
      const local = answer.succeeded
        ? answer
        : await run('docker', ['image', 'inspect', reference], DAEMON_TIMEOUT_MS, signal);
      const pinned = reference.includes('@sha256:');
      return { reference, pinned, problem: local.succeeded ? undefined : answer.problem };
    }),
  );
}

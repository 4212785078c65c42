/** The machine image of the nodes, and this machine's Docker with the images that it builds on. Pure. */
import type { Fact } from './fact';
import { unknownRegion } from '../regions';
import { judge, type Finding } from './finding';
import type { Needs } from './needs';

/** AL2023 images are deprecated 90 days after their release [AL2023 guide, "Amazon Linux 2023 AMIs"]. */
const OLD_IMAGE_DAYS = 90;
/** The line that user-data.sh is written for; 6.18, the newest, has dropped modules that it loads. */
const KERNEL_LINE = '6.1';

export interface MachineImageFacts {
  readonly name: string;
  readonly ageDays: number;
  readonly state: string;
}

export interface BaseImageFacts {
  readonly reference: string;
  /** Whether it is named by digest too. */
  readonly pinned: boolean;
  /** Undefined: the registry answered; else why not. */
  readonly problem: string | undefined;
}

export interface ImageFacts {
  /** `absent`: EC2 knows no such image in this region, or it is not public any more. */
  readonly machineImage: Fact<MachineImageFacts | 'absent'>;
  /** Version of the Docker daemon. */
  readonly docker: Fact<string>;
  /** Empty while there is no daemon to ask with. */
  readonly bases: readonly BaseImageFacts[];
}

/** `al2023-ami-2023.9.20251027.0-kernel-6.1-x86_64` -> `6.1`. */
export const kernelLineOf = (imageName: string): string | undefined => /-kernel-(\d+\.\d+)-/.exec(imageName)?.[1];

export function checkMachineImage({ machineImage }: Pick<ImageFacts, 'machineImage'>, needs: Needs): Finding {
  const check = 'machine image';
  const needed = `one image of AL2023 with kernel ${KERNEL_LINE}, named in the repository`;
  const update = [`./bin/metals ami --update --region ${needs.region}`];
  if (needs.imageId === undefined) {
    const measured = [`none is pinned for ${needs.region}`, unknownRegion(needs.region)].filter(Boolean).join(', ');
    return { check, verdict: 'fails', measured, needed, next: update };
  }
  return judge(check, needed, machineImage, (image) => {
    if (image === 'absent') return { verdict: 'fails', measured: `${needs.imageId} is not there`, next: update };
    const line = kernelLineOf(image.name);
    const measured = `${needs.imageId}, ${image.name}, ${image.ageDays} days old, ${image.state}`;
    if (image.state !== 'available') return { verdict: 'fails', measured, next: update };
    if (line !== KERNEL_LINE)
      return { verdict: 'warning', measured: `${measured}, kernel ${line ?? 'line not in its name'}`, next: update };
    return image.ageDays > OLD_IMAGE_DAYS
      ? { verdict: 'warning', measured, next: update }
      : { verdict: 'ok', measured };
  });
}

export function checkDocker({ docker, bases }: Pick<ImageFacts, 'docker' | 'bases'>): Finding[] {
  const daemon = judge('Docker', 'a daemon, to build images with', docker, (version) => ({
    verdict: 'ok',
    measured: `daemon ${version} answers`,
  }));
  // The deployment builds images: without a daemon it cannot go on.
  if (docker.kind !== 'known')
    return [{ ...daemon, verdict: 'fails', next: ['bin/setup --lab    # installs and starts it'] }];
  return [daemon, ...bases.map(checkBase)];
}

function checkBase({ reference, pinned, problem }: BaseImageFacts): Finding {
  const check = `base image ${reference.replace(/@.*/, '')}`;
  const needed = 'can be pulled, by digest';
  if (problem !== undefined) {
    const next = [
      `docker pull ${reference}    # shows the same error`,
      'behind a proxy: configure it for the Docker daemon',
    ];
    return { check, verdict: 'fails', measured: problem, needed, next };
  }
  return pinned
    ? { check, verdict: 'ok', measured: 'the registry answers; pinned by digest', needed, next: [] }
    : {
        check,
        verdict: 'warning',
        measured: 'the registry answers; not pinned',
        needed,
        next: ['./bin/metals images --update'],
      };
}

import machineImages from './machine-images.json';

/** A machine image as `metals ami --update` writes it. */
export interface MachineImage {
  readonly imageId: string;
  /** Its name in EC2, with the kernel line: `al2023-ami-2023.…-kernel-6.1-x86_64`. */
  readonly name: string;
  /** Day on which it was read: `2026-11-26`. */
  readonly readAt: string;
}

/**
 * The public parameter that names the newest image of the kernel line that the nodes are built on. Another line may
 * lack what encrypted overlay networks need, so it is changed on purpose only.
 */
export const MACHINE_IMAGE_PARAMETER = '/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-x86_64';

/** The image pinned for a region: every clone of the repository deploys the same one. */
export function pinnedImage(
  region: string,
  images: Readonly<Record<string, MachineImage>> = machineImages,
): string | undefined {
  return images[region]?.imageId;
}

/**
 * Zones of the regions where an account cannot count on a, b and c.
 *
 * - ap-northeast-1 has a, c, d; ca-central-1 has a, b, d: DescribeAvailabilityZones as quoted in
 *   aws-cloudformation/cfn-lint#1447, aws-cloudformation-templates#220.
 * - us-west-1 gives each account two of a, b, c, not the same two (coreos/coreos-kubernetes#442,
 *   cloudfoundry/bosh-bootloader#162, badjware/aws-cloud-gaming#7): there is no default.
 */
const UNUSUAL_ZONES: Readonly<Record<string, readonly string[] | undefined>> = {
  'ap-northeast-1': ['a', 'c', 'd'],
  'ca-central-1': ['a', 'b', 'd'],
  'us-west-1': undefined,
};

/** Zone letters to use in a region, or undefined where they differ from account to account. */
export function defaultZones(region: string): readonly string[] | undefined {
  return region in UNUSUAL_ZONES ? UNUSUAL_ZONES[region] : ['a', 'b', 'c'];
}

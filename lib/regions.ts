/** What differs from region to region, and which there are. */
import { closest } from 'fastest-levenshtein';

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

/** Those of aws-cdk-lib (`RegionInfo.regions`, which a test compares), which the command line does not load; sorted. */
export const REGIONS: readonly string[] = `
  af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-south-2 ap-southeast-1
  ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1
  cn-north-1 cn-northwest-1 eu-central-1 eu-central-2 eu-isoe-west-1 eu-north-1 eu-south-1 eu-south-2 eu-west-1
  eu-west-2 eu-west-3 eusc-de-east-1 il-central-1 me-central-1 me-south-1 me-west-1 mx-central-1 sa-east-1 us-east-1
  us-east-2 us-gov-east-1 us-gov-west-1 us-iso-east-1 us-iso-west-1 us-isob-east-1 us-isob-west-1 us-isof-east-1
  us-isof-south-1 us-west-1 us-west-2
`
  .trim()
  .split(/\s+/);

/** Why this may be no region, or undefined if it is one. AWS opens new ones: it is a hint, and refuses nothing by itself. */
export const unknownRegion = (region: string): string | undefined =>
  REGIONS.includes(region) ? undefined : `an unknown region; did you mean ${closest(region, REGIONS)}?`;

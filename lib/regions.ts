/** What differs from region to region. */

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

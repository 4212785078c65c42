import ipaddr from 'ipaddr.js';

/** A named IPv4 range, as it is reported when it collides with another. */
export interface NamedCidr {
  /** What the range is for, with the context key that sets it. */
  readonly name: string;
  /** For example `10.40.0.0/16`. */
  readonly cidr: string;
}

/** What is wrong with `cidr` as an IPv4 range between /`widest` and /`narrowest`, or undefined. */
export function cidrProblem(cidr: string, widest: number, narrowest: number): string | undefined {
  if (!ipaddr.IPv4.isValidCIDRFourPartDecimal(cidr)) return 'is not an IPv4 range such as 10.40.0.0/16';
  const [, prefixLength] = ipaddr.IPv4.parseCIDR(cidr);
  const network = ipaddr.IPv4.networkAddressFromCIDR(cidr).toString();
  if (cidr !== `${network}/${prefixLength}`) return `has host bits set; did you mean ${network}/${prefixLength}?`;
  if (prefixLength < widest || prefixLength > narrowest) return `must be between /${widest} and /${narrowest}`;
  return undefined;
}

/** Whether two valid IPv4 ranges share an address. */
export function overlaps(a: string, b: string): boolean {
  const [networkA, lengthA] = ipaddr.IPv4.parseCIDR(a);
  const [networkB, lengthB] = ipaddr.IPv4.parseCIDR(b);
  const common = Math.min(lengthA, lengthB);
  return networkA.match(networkB, common);
}

/**
 * Every pair that overlaps, as one line each.
 *
 * A Swarm accepts an overlay whose subnet overlaps another pool, then leaves every task of it in state `New`,
 * without an error: so the check belongs before the deployment.
 */
export function overlapProblems(ranges: readonly NamedCidr[]): string[] {
  return ranges.flatMap((a, i) =>
    ranges
      .slice(i + 1)
      .filter((b) => overlaps(a.cidr, b.cidr))
      .map((b) => `${a.name} ${a.cidr} overlaps ${b.name} ${b.cidr}; choose ranges that share no address`),
  );
}

/** The address at `offset` within a range: `addressAt('10.40.3.0/24', 10)` is `10.40.3.10`. */
export function addressAt(cidr: string, offset: number): string {
  const octets = ipaddr.IPv4.networkAddressFromCIDR(cidr).octets;
  const value = octets.reduce((sum, octet) => sum * 256 + octet, 0) + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

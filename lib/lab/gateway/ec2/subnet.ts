import ipaddr from 'ipaddr.js';

const RESERVED_AT_START = 4;

/** Whether an instance can have the address in the subnet: AWS keeps the first four and the last. */
export function isUsableAddress(cidr: string, address: string): boolean {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
  const offset = toNumber(address) - toNumber(ipaddr.IPv4.networkAddressFromCIDR(cidr).toString());
  const last = toNumber(ipaddr.IPv4.broadcastAddressFromCIDR(cidr).toString());
  return offset >= RESERVED_AT_START && toNumber(address) < last;
}

const toNumber = (address: string): number =>
  ipaddr.IPv4.parse(address).octets.reduce((sum, octet) => sum * 256 + octet, 0);

import { isUsableAddress } from '../../../../../lib/lab/gateway/ec2/subnet';

test.each([
  ['10.40.3.4', true],
  ['10.40.3.254', true],
  ['10.40.3.3', false],
  ['10.40.3.0', false],
  ['10.40.3.255', false],
  ['10.40.4.4', false],
  ['not an address', false],
  ['10.40.3', false],
])('an instance in 10.40.3.0/24 may have %s: %s', (address, usable) => {
  expect(isUsableAddress('10.40.3.0/24', address)).toBe(usable);
});

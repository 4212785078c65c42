import { nodesStatus } from '../../../../lib/lab/gateway/nodes-status';
import { nodesData } from './support/fixtures';

test('tells why a volume could not be attached', () => {
  const data = nodesData({
    volumes: { 'vol-1': { id: 'vol-1', availabilityZone: 'eu-west-1b', lastFailure: 'no loop device is free' } },
  });
  const { volumes } = nodesStatus(data, [], { list: () => [] });
  expect(volumes).toEqual([{ id: 'vol-1', state: 'available', lastFailure: 'no loop device is free' }]);
});

import { parseNodes, volumeProblems } from '../../../lib/lab/status';

const container = (slot: string, address: string): unknown => ({
  Name: `/metals-lab-i-${slot}`,
  State: { Status: 'running' },
  Config: { Image: 'metals-lab/node:1', Labels: { 'metals:slot': slot } },
  NetworkSettings: { Networks: { 'metals-lab-vpc-1': { IPAddress: '', IPAMConfig: { IPv4Address: address } } } },
});

test('nodes by slot, with the address that they have even while they are stopped', () => {
  const json = JSON.stringify([container('worker-1', '10.40.4.21'), container('manager-1', '10.40.3.11')]);
  expect(parseNodes(json)).toMatchObject([
    { instanceId: 'i-manager-1', slot: 'manager-1', address: '10.40.3.11' },
    { instanceId: 'i-worker-1', slot: 'worker-1' },
  ]);
});

test('no nodes', () => {
  expect(parseNodes('')).toEqual([]);
});

test('volumes that the machine could not attach, with the reason', () => {
  const volumes = [
    { id: 'vol-1', state: 'attached' },
    { id: 'vol-2', state: 'available', lastFailure: 'no loop device is free: losetup --find failed' },
  ];
  expect(volumeProblems(JSON.stringify({ upSeconds: 1, volumes }))).toEqual([
    'volume vol-2 was not attached: no loop device is free: losetup --find failed',
  ]);
  // A gateway of another version.
  expect(volumeProblems('{}')).toEqual([]);
});

import type { Disks } from '../../../../../lib/lab/gateway/ec2/disks';
import { volumeActions } from '../../../../../lib/lab/gateway/ec2/volume-api';
import type { Volumes } from '../../../../../lib/lab/gateway/ec2/volumes';
import type { Upstream } from '../../../../../lib/lab/gateway/ministack/upstream';
import type { LabRequest } from '../../../../../lib/lab/gateway/types';
import { nodesData, removeStores, temporaryStore } from '../support/fixtures';

afterEach(removeStores);

const attachment = { instanceId: 'i-0a', device: '/dev/sdf', state: 'attached', time: '2026-11-01T00:00:00Z' } as const;

/** Volume vol-1 of 20 GiB; ministack answers every forwarded request with `answer`. */
function setUp({ answer = '<ok/>', status = 200, diskFails = false, attached = false } = {}) {
  const store = temporaryStore(nodesData());
  store.data.volumes = { 'vol-1': { id: 'vol-1', availabilityZone: 'eu-west-1b' } };
  if (attached) store.data.volumes['vol-1']!.attachment = { ...attachment };
  const done: string[] = [];
  let full = diskFails;
  const disk =
    (what: string) =>
    async (...values: unknown[]): Promise<void> => {
      if (full) throw new Error('no space left on device');
      done.push([`disk ${what}`, ...values].join(' '));
    };
  const disks = { create: disk('create'), grow: disk('grow'), remove: disk('remove') } as unknown as Disks;
  const upstream = {
    request: async () => {
      done.push('forwarded');
      return { status, headers: {}, text: answer, body: Buffer.from(answer) };
    },
    query: async (_service: string, action: string, { VolumeId }: Record<string, unknown>) => {
      done.push(`${action} ${VolumeId}`);
      return '<volumeId>vol-1</volumeId><size>20</size>';
    },
  } as unknown as Upstream;
  const volumes = {
    attach: async (volumeId: string, instanceId: string, device: string) => ({
      ...attachment,
      ...{ state: 'attaching', instanceId, device: `${volumeId} as ${device}` },
    }),
  } as unknown as Volumes;
  const actions = volumeActions({ upstream, store, volumes, disks });
  const message = { method: 'POST', url: '/', headersDistinct: {} };
  const ask = (action: string, params: object) =>
    actions[action]!({ action, params, message, body: Buffer.from('') } as unknown as LabRequest);
  return { store, done, ask, freeSpace: () => void (full = false) };
}

describe('CreateVolume', () => {
  const made = { AvailabilityZone: 'eu-west-1a', Size: '8' };
  const answer = '<volumeId>vol-2</volumeId><size>8</size>';

  it('makes a record and a disk of the size', async () => {
    const { ask, done, store } = setUp({ answer });
    expect((await ask('CreateVolume', made))!.body).toBe(answer);
    expect(done).toEqual(['forwarded', 'disk create vol-2 8']);
    expect(store.data.volumes['vol-2']).toEqual({ id: 'vol-2', availabilityZone: 'eu-west-1a' });
  });

  it('leaves no record without a disk', async () => {
    const { ask, done, store } = setUp({ answer, diskFails: true });
    await expect(ask('CreateVolume', made)).rejects.toThrow('no space left on device');
    expect(done).toEqual(['forwarded', 'DeleteVolume vol-2']);
    expect(store.data.volumes['vol-2']).toBeUndefined();
  });

  it('makes no disk when ministack refuses', async () => {
    const { ask, done } = setUp({ answer: '<Error/>', status: 400 });
    expect((await ask('CreateVolume', made))!.status).toBe(400);
    expect(done).toEqual(['forwarded']);
  });

  it.each([
    [{ Size: '8' }, 'AvailabilityZone'],
    [{ AvailabilityZone: 'eu-west-1a' }, 'size or snapshotId'],
    [{ ...made, Size: '0' }, 'Value (0) for parameter size is invalid'],
    [{ ...made, Size: 'big' }, 'Value (big) for parameter size is invalid'],
    [{ ...made, SnapshotId: 'snap-1' }, 'the lab has no snapshots'],
  ])('refuses %j', async (params, message) => {
    const { ask, done } = setUp();
    await expect(async () => ask('CreateVolume', params)).rejects.toThrow(message);
    expect(done).toEqual([]);
  });
});

describe('ModifyVolume', () => {
  it('lets the disk grow, in use as well', async () => {
    const { ask, done } = setUp({ attached: true });
    await ask('ModifyVolume', { VolumeId: 'vol-1', Size: '30' });
    expect(done).toEqual(['DescribeVolumes vol-1', 'disk grow vol-1 30', 'forwarded']);
  });

  it('leaves a volume at its size when its disk cannot grow, so that the next call tries again', async () => {
    const fixture = setUp({ diskFails: true });
    const grow = () => fixture.ask('ModifyVolume', { VolumeId: 'vol-1', Size: '30' });
    await expect(grow()).rejects.toThrow('no space left on device');
    expect(fixture.done).toEqual(['DescribeVolumes vol-1']);
    fixture.freeSpace();
    await grow();
    expect(fixture.done).toEqual([
      ...['DescribeVolumes vol-1', 'DescribeVolumes vol-1'],
      ...['disk grow vol-1 30', 'forwarded'],
    ]);
  });

  it('never lets it shrink', async () => {
    const { ask, done } = setUp();
    await expect(ask('ModifyVolume', { VolumeId: 'vol-1', Size: '10' })).rejects.toThrow(
      'New size cannot be smaller than existing size: vol-1 has 20 GiB, asked for 10 GiB',
    );
    expect(done).toEqual(['DescribeVolumes vol-1']);
  });

  it.each([{ VolumeId: 'vol-9', Size: '30' }, { VolumeId: 'vol-1' }])('leaves %j to ministack', async (params) => {
    expect(await setUp().ask('ModifyVolume', params)).toBeUndefined();
  });
});

describe('DeleteVolume', () => {
  it('removes the disk first, then the record', async () => {
    const { ask, done, store } = setUp();
    await ask('DeleteVolume', { VolumeId: 'vol-1' });
    expect(done).toEqual(['disk remove vol-1', 'forwarded']);
    expect(store.data.volumes).toEqual({});
  });

  it('keeps the volume while its disk cannot go', async () => {
    const { ask, store } = setUp({ diskFails: true });
    await expect(ask('DeleteVolume', { VolumeId: 'vol-1' })).rejects.toThrow('no space left');
    expect(store.data.volumes['vol-1']).toBeDefined();
  });

  it('leaves a volume that it does not know to ministack', async () => {
    expect(await setUp().ask('DeleteVolume', { VolumeId: 'vol-9' })).toBeUndefined();
  });
});

it('an attachment is answered before the device is there', async () => {
  const reply = await setUp().ask('AttachVolume', { VolumeId: 'vol-1', InstanceId: 'i-0a', Device: '/dev/sdf' });
  expect(reply!.body).toContain('<device>vol-1 as /dev/sdf</device><status>attaching</status>');
});

it('a volume in use stays where it is', async () => {
  const { ask, done } = setUp({ attached: true });
  await expect(ask('DetachVolume', { VolumeId: 'vol-1' })).rejects.toThrow('Volume vol-1 is in use by i-0a');
  await expect(ask('DeleteVolume', { VolumeId: 'vol-1' })).rejects.toThrow('Volume vol-1 is in use by i-0a');
  expect(done).toEqual([]);
});

import type { Disks } from '../../../../../lib/lab/gateway/ec2/disks';
import { attachmentProblem, correctVolumes, Volumes } from '../../../../../lib/lab/gateway/ec2/volumes';
import type { Upstream } from '../../../../../lib/lab/gateway/ministack/upstream';
import type { Timing } from '../../../../../lib/lab/gateway/timing';
import { instance, noLog, nodesData, removeStores, temporaryStore } from '../support/fixtures';

afterEach(removeStores);

const attachment = {
  instanceId: 'i-0a',
  device: '/dev/sdf',
  state: 'attached',
  time: '2026-11-01T00:00:00.000Z',
} as const;
const held = () => ({ 'vol-1': { id: 'vol-1', availabilityZone: 'eu-west-1b', attachment: { ...attachment } } });

/** Volumes whose disks only tell what was done; `appear` lets a pending device appear. */
function fixture(
  overrides: Parameters<typeof nodesData>[0] = {},
  unplug = async (): Promise<void> => undefined,
  plugIn = async (): Promise<void> => undefined,
) {
  const store = temporaryStore(nodesData({ instances: { 'i-0a': instance() }, ...overrides }));
  const done: string[] = [];
  const disks = {
    plugIn: async (volumeId: string, container: string) => {
      await plugIn();
      done.push(`plug ${volumeId} into ${container}`);
    },
    unplug: async (volumeId: string) => {
      await unplug();
      done.push(`unplug ${volumeId}`);
    },
  } as unknown as Disks;
  let appear: () => void = () => undefined;
  const waits: Promise<void>[] = [];
  const timing = {
    wait: () => {
      const wait = new Promise<void>((resolve) => (appear = resolve));
      waits.push(wait);
      return wait;
    },
  } as unknown as Timing;
  const upstream = { query: async (_: string, action: string) => void done.push(action) } as unknown as Upstream;
  const volumes = new Volumes({ store, disks, upstream, timing, log: noLog });
  const settle = async (): Promise<void> => {
    appear();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { store, volumes, done, settle };
}

describe('attaching a volume', () => {
  it('answers "attaching" at once, and the device appears later', async () => {
    const { store, volumes, done, settle } = fixture();
    const answer = await volumes.attach('vol-1', 'i-0a', '/dev/sdf');
    expect(answer.state).toBe('attaching');
    expect(done).toEqual(['AttachVolume']);
    await settle();
    expect(done).toEqual(['AttachVolume', 'plug vol-1 into metals-lab-i-0a']);
    expect(store.data.volumes['vol-1']!.attachment!.state).toBe('attached');
  });

  it('comes to nothing when the instance ends meanwhile', async () => {
    const { store, volumes, done, settle } = fixture();
    await volumes.attach('vol-1', 'i-0a', '/dev/sdf');
    store.update((data) => (data.instances['i-0a']!.state = 'shutting-down'));
    await settle();
    expect(done).toEqual(['AttachVolume']);
  });

  it('goes on after a restart of the gateway', async () => {
    const { volumes, done, settle } = fixture({
      volumes: { 'vol-1': { ...held()['vol-1'], attachment: { ...attachment, state: 'attaching' } } },
    });
    volumes.adopt();
    await settle();
    expect(done).toEqual(['plug vol-1 into metals-lab-i-0a']);
  });

  it('leaves the volume available when the machine gives no loop device, with the reason, until it is asked for again', async () => {
    let exhausted = true;
    const { store, volumes, done, settle } = fixture({}, undefined, async () => {
      if (exhausted) throw new Error('no loop device is free: losetup --find failed');
    });
    await volumes.attach('vol-1', 'i-0a', '/dev/sdf');
    await settle();
    expect(store.data.volumes['vol-1']).toEqual({
      id: 'vol-1',
      availabilityZone: 'eu-west-1b',
      lastFailure: 'no loop device is free: losetup --find failed',
    });
    expect(done).toEqual(['AttachVolume', 'DetachVolume']);
    exhausted = false;
    await volumes.attach('vol-1', 'i-0a', '/dev/sdf');
    await settle();
    expect(done.slice(2)).toEqual(['AttachVolume', 'plug vol-1 into metals-lab-i-0a']);
    expect(store.data.volumes['vol-1']!.attachment!.state).toBe('attached');
    expect(store.data.volumes['vol-1']!.lastFailure).toBeUndefined();
  });

  it('leaves an attachment whose instance has ended meanwhile to the end of that instance', async () => {
    const { store, volumes, done, settle } = fixture({}, undefined, async () => {
      store.update((data) => (data.volumes['vol-1']!.attachment!.state = 'detaching'));
      throw new Error('No such container');
    });
    await volumes.attach('vol-1', 'i-0a', '/dev/sdf');
    await settle();
    expect(done).toEqual(['AttachVolume']);
    expect(store.data.volumes['vol-1']!.attachment!.state).toBe('detaching');
  });

  it.each([
    ['a volume that does not exist', nodesData({ volumes: {} }), '/dev/sdf', 'InvalidVolume.NotFound'],
    ['an instance that does not exist', nodesData(), '/dev/sdf', 'InvalidInstanceID.NotFound'],
    [
      'a volume that is in use',
      nodesData({ instances: { 'i-0a': instance() }, volumes: held() }),
      '/dev/sdf',
      'VolumeInUse',
    ],
    [
      'an instance that boots',
      nodesData({ instances: { 'i-0a': instance({ state: 'pending' }) } }),
      '/dev/sdf',
      'IncorrectState',
    ],
    [
      'another zone',
      nodesData({ instances: { 'i-0a': instance({ availabilityZone: 'eu-west-1c' }) } }),
      '/dev/sdf',
      'InvalidVolume.ZoneMismatch',
    ],
    ['the root device', nodesData({ instances: { 'i-0a': instance() } }), '/dev/xvda', 'InvalidParameterValue'],
  ])('refuses %s', (_, data, device, code) => {
    expect(attachmentProblem(data, 'vol-1', 'i-0a', device)?.code).toBe(code);
  });
});

describe('the end of an instance', () => {
  it('frees its volume after the loop device', async () => {
    const { store, volumes, done } = fixture({ volumes: held() });
    await volumes.release('i-0a');
    expect(done).toEqual(['unplug vol-1', 'DetachVolume']);
    expect(store.data.volumes['vol-1']!.attachment).toBeUndefined();
  });

  it('tries again while its file system is still mounted', async () => {
    let busy = 2;
    const { volumes, done } = fixture({ volumes: held() }, async () => {
      if (busy-- > 0) throw new Error('still in use');
    });
    await volumes.release('i-0a');
    expect(done).toEqual(['unplug vol-1', 'DetachVolume']);
  });

  it('leaves the volumes of others alone', async () => {
    const { store, volumes, done } = fixture({ volumes: held() });
    await volumes.release('i-0b');
    expect(done).toEqual([]);
    expect(store.data.volumes['vol-1']!.attachment).toBeDefined();
  });
});

describe('DescribeVolumes', () => {
  const xml =
    '<volumeSet><item><volumeId>vol-0a</volumeId><size>20</size><status>in-use</status><attachmentSet><item>' +
    '<volumeId>vol-0a</volumeId><status>attached</status></item></attachmentSet></item><item><volumeId>vol-0b</volumeId>' +
    '<size>20</size><status>in-use</status><attachmentSet><item/></attachmentSet></item></volumeSet>';

  it('shows the states that hold in the lab', () => {
    const data = nodesData({
      volumes: {
        'vol-0a': { id: 'vol-0a', availabilityZone: 'eu-west-1a', attachment: { ...attachment, state: 'attaching' } },
        'vol-0b': { id: 'vol-0b', availabilityZone: 'eu-west-1b' },
      },
    });
    const corrected = correctVolumes(data, xml);
    expect(corrected).toContain('<instanceId>i-0a</instanceId><device>/dev/sdf</device><status>attaching</status>');
    expect(corrected).toContain(
      '<volumeId>vol-0b</volumeId><size>20</size><status>available</status><attachmentSet></attachmentSet>',
    );
  });
});

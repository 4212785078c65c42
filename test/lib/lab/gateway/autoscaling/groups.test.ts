import { AwsError } from '../../../../../lib/lab/gateway/errors';
import type { Timing } from '../../../../../lib/lab/gateway/timing';
import { Groups, nextAction } from '../../../../../lib/lab/gateway/autoscaling/groups';
import type { Instances } from '../../../../../lib/lab/gateway/ec2/instances';
import type { NodesStore } from '../../../../../lib/lab/gateway/ec2/records';
import { group, instance, noLog, nodesData, removeStores, temporaryStore } from '../support/fixtures';
import type { GroupRecord } from '../../../../../lib/lab/gateway/autoscaling/group-record';

afterEach(removeStores);

describe('the next action', () => {
  test.each([
    ['launches what is missing', group(), undefined, 'launch'],
    ['launches nothing for an empty group', group({ desiredCapacity: 0, minSize: 0 }), undefined, 'nothing'],
    ['leaves a running instance alone', group(), instance(), 'nothing'],
    ['leaves a booting instance alone', group(), instance({ state: 'pending' }), 'nothing'],
    ['ends the instance of a group that shrank', group({ desiredCapacity: 0 }), instance(), 'terminate'],
    ['ends a stopping instance, as a health check would', group(), instance({ state: 'stopping' }), 'terminate'],
    ['ends what an interrupted termination left', group(), instance({ state: 'shutting-down' }), 'terminate'],
    ['ends an instance declared unhealthy', group({ replaceInstance: true }), instance(), 'terminate'],
    ['replaces a terminated instance', group(), instance({ state: 'terminated' }), 'launch'],
    ['keeps an outdated instance without a rolling update', group({ launchTemplateVersion: 2 }), instance(), 'nothing'],
    [
      'ends an outdated instance in a rolling update',
      group({ launchTemplateVersion: 2, replaceOutdated: true }),
      instance(),
      'terminate',
    ],
  ] as const)('%s', (_, aGroup, anInstance, expected) => {
    expect(nextAction(aGroup as GroupRecord, anInstance)).toBe(expected);
  });
});

describe('settling', () => {
  const atOnce = { wait: async () => undefined } as unknown as Timing;

  /** Instances that only keep records; what was done is in `done`. */
  function fakeInstances(store: NodesStore, done: string[], failure?: () => string | Error | undefined) {
    let count = 0;
    return {
      async launch(aGroup: GroupRecord) {
        const reason = failure?.();
        if (reason) throw typeof reason === 'string' ? new Error(reason) : reason;
        const id = `i-${++count}`;
        done.push(`launch ${id}`);
        const launched = instance({ id, launchTemplateVersion: aGroup.launchTemplateVersion });
        store.update((data) => {
          data.instances[id] = launched;
          aGroup.instanceId = id;
        });
        return launched;
      },
      async terminate(id: string) {
        done.push(`terminate ${id}`);
        store.update((data) => {
          data.instances[id]!.state = 'terminated';
          delete data.groups['group-a']!.instanceId;
        });
      },
      isLost: async () => true,
      completeEnds: () => undefined,
      ended: async () => void done.push('all ended'),
    } as unknown as Instances;
  }

  test('ends one and launches the next', async () => {
    const store = temporaryStore(nodesData());
    const done: string[] = [];
    const groups = new Groups(store, fakeInstances(store, done), atOnce, noLog);
    await groups.settle('group-a');
    store.update((data) => Object.assign(data.groups['group-a']!, { launchTemplateVersion: 2, replaceOutdated: true }));
    await groups.settle('group-a');
    expect(done).toEqual(['launch i-1', 'terminate i-1', 'launch i-2']);
    expect(store.data.groups['group-a']!.replaceOutdated).toBe(false);
  });

  test('tries a launch again that finds the interface in use, and keeps the activity as AWS words it', async () => {
    const store = temporaryStore(nodesData());
    const done: string[] = [];
    let refusals = 2;
    const inUse = () =>
      refusals-- > 0 ? new AwsError('InvalidNetworkInterface.InUse', 'Interface: [eni-1] in use.') : undefined;
    const groups = new Groups(store, fakeInstances(store, done, inUse), atOnce, noLog);
    await groups.settle('group-a');
    expect(done).toEqual(['launch i-1']);
    expect(
      store.data.groups['group-a']!.activities!.map(({ statusCode, statusMessage }) => [statusCode, statusMessage]),
    ).toEqual([
      ['Successful', undefined],
      ['Failed', 'Interface: [eni-1] in use. Launching EC2 instance failed.'],
      ['Failed', 'Interface: [eni-1] in use. Launching EC2 instance failed.'],
    ]);
  });

  test('is over for an empty group only once its instance holds nothing any more', async () => {
    const store = temporaryStore(nodesData({ groups: { 'group-a': group({ desiredCapacity: 0, minSize: 0 }) } }));
    const done: string[] = [];
    await new Groups(store, fakeInstances(store, done), atOnce, noLog).settle('group-a');
    expect(done).toEqual(['all ended']);
  });

  test('works on a group once at a time', async () => {
    const store = temporaryStore(nodesData());
    const done: string[] = [];
    const groups = new Groups(store, fakeInstances(store, done), atOnce, noLog);
    await Promise.all([groups.settle('group-a'), groups.settle('group-a')]);
    expect(done).toEqual(['launch i-1']);
  });

  test('tells the reason of a failed launch and tries again at the next look', async () => {
    const store = temporaryStore(nodesData());
    const done: string[] = [];
    let reason: string | undefined = 'port is already allocated';
    const groups = new Groups(
      store,
      fakeInstances(store, done, () => reason),
      atOnce,
      noLog,
    );
    await expect(groups.settle('group-a')).rejects.toThrow('port is already allocated');
    expect(store.data.groups['group-a']!.lastFailure).toBe('port is already allocated');
    reason = undefined;
    await groups.sweep();
    await groups.settle('group-a');
    expect(done).toEqual(['launch i-1']);
    expect(store.data.groups['group-a']!.lastFailure).toBeUndefined();
  });

  test('replaces an instance whose container is gone', async () => {
    const store = temporaryStore(nodesData());
    const done: string[] = [];
    const groups = new Groups(store, fakeInstances(store, done), atOnce, noLog);
    await groups.settle('group-a');
    await groups.sweep();
    await groups.settle('group-a');
    expect(done).toEqual(['launch i-1', 'terminate i-1', 'launch i-2']);
  });
});

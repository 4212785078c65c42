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
  /** Instances that only keep records; what was done is in `done`. */
  function fakeInstances(store: NodesStore, done: string[], failure?: () => string | undefined) {
    let count = 0;
    return {
      async launch(aGroup: GroupRecord) {
        const reason = failure?.();
        if (reason) throw new Error(reason);
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
    } as unknown as Instances;
  }

  test('ends before it launches, because the address can be held once only', async () => {
    const store = temporaryStore(nodesData());
    const done: string[] = [];
    const groups = new Groups(store, fakeInstances(store, done), noLog);
    await groups.settle('group-a');
    store.update((data) => Object.assign(data.groups['group-a']!, { launchTemplateVersion: 2, replaceOutdated: true }));
    await groups.settle('group-a');
    expect(done).toEqual(['launch i-1', 'terminate i-1', 'launch i-2']);
    expect(store.data.groups['group-a']!.replaceOutdated).toBe(false);
  });

  test('works on a group once at a time', async () => {
    const store = temporaryStore(nodesData());
    const done: string[] = [];
    const groups = new Groups(store, fakeInstances(store, done), noLog);
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
    const groups = new Groups(store, fakeInstances(store, done), noLog);
    await groups.settle('group-a');
    await groups.sweep();
    await groups.settle('group-a');
    expect(done).toEqual(['launch i-1', 'terminate i-1', 'launch i-2']);
  });
});

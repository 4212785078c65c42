import { Instances, type InstancesDependencies } from '../../../../../lib/lab/gateway/ec2/instances';
import { instance, noLog, nodesData, removeStores, temporaryStore } from '../support/fixtures';

jest.mock('../../../../../lib/lab/gateway/ec2/docker-node', () => ({ removeNode: async () => undefined }));
afterEach(removeStores);

/** What happens when an instance ends, in order; a wait says who holds the interface meanwhile. */
async function endOf(volumes: 'loop' | 'docker'): Promise<string[]> {
  const held = instance();
  const interfaces = { [held.interfaceId]: { id: held.interfaceId, instanceId: held.id } };
  const store = temporaryStore(nodesData({ instances: { [held.id]: held }, interfaces } as never));
  const done: string[] = [];
  const holder = (): string => store.data.interfaces[held.interfaceId]?.instanceId ?? 'nobody';
  const dependencies = {
    settings: { volumes },
    store,
    upstream: { query: async () => '' },
    credentials: { revoke: () => undefined },
    forgetReports: () => undefined,
    volumes: { release: async () => void done.push('the volume is free') },
    timing: { wait: async (delay: string) => void done.push(`${delay}: ${holder()} has the interface`) },
    log: noLog,
  } as unknown as InstancesDependencies;
  await new Instances(dependencies).terminate(held.id);
  return [...done, `${store.data.instances[held.id]!.state}: ${holder()} has the interface`];
}

describe('the end of an instance', () => {
  it('frees its interface first, and its volume later: the next boot finds it in use', async () => {
    expect(await endOf('loop')).toEqual([
      'terminationHolds: i-0a has the interface',
      'volumeHolds: nobody has the interface',
      'the volume is free',
      'terminated: nobody has the interface',
    ]);
  });

  it('frees a volume that is mounted from the start before the interface: the next launch needs it', async () => {
    expect(await endOf('docker')).toEqual([
      'terminationHolds: i-0a has the interface',
      'the volume is free',
      'terminated: nobody has the interface',
    ]);
  });
});

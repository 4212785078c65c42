import { Signals } from '../../../../../lib/lab/gateway/cloudformation/signals';
/** The resource handlers of interfaces, launch templates and groups. */
import { UpstreamError } from '../../../../../lib/lab/gateway/errors';
import { groupResource } from '../../../../../lib/lab/gateway/autoscaling/group-resource';
import type { Groups } from '../../../../../lib/lab/gateway/autoscaling/groups';
import { interfaceResource } from '../../../../../lib/lab/gateway/ec2/interface-resource';
import { launchTemplateResource } from '../../../../../lib/lab/gateway/ec2/launch-template-resource';
import type { VpcNetworks } from '../../../../../lib/lab/gateway/ec2/vpc-network';
import type { Upstream } from '../../../../../lib/lab/gateway/ministack/upstream';
import { group, nodesData, removeStores, temporaryStore } from '../support/fixtures';

afterEach(removeStores);
const context = { logicalId: 'Thing', stackName: 'stack' };

describe('a network interface', () => {
  function setUp(answers: Record<string, string | Error> = {}) {
    const calls: string[] = [];
    const removed: string[] = [];
    const upstream = {
      async query(_service: string, action: string) {
        calls.push(action);
        const answer = answers[action];
        if (answer instanceof Error) throw answer;
        if (action === 'DescribeSubnets') return '<cidrBlock>10.40.3.0/24</cidrBlock>';
        if (action !== 'CreateNetworkInterface') return answer ?? '';
        return '<networkInterfaceId>eni-2</networkInterfaceId><privateIpAddress>10.0.9.9</privateIpAddress><vpcId>vpc-1</vpcId><macAddress>02:00:00:00:00:02</macAddress>';
      },
    } as unknown as Upstream;
    const store = temporaryStore(nodesData());
    const networks = { remove: async (vpcId: string) => void removed.push(vpcId) } as unknown as VpcNetworks;
    return { calls, removed, store, handler: interfaceResource(upstream, store, networks) };
  }

  test.each([
    [undefined, 'with a PrivateIpAddress only; got none'],
    ['10.40.9.9', "Address 10.40.9.9 does not fall within the subnet's address range 10.40.3.0/24"],
    ['10.40.3.11', 'The specified address 10.40.3.11 is already in use by eni-1.'],
  ])('at %s is refused before anything is made', async (PrivateIpAddress, message) => {
    const { calls, handler } = setUp();
    await expect(handler.create({ SubnetId: 'subnet-1', PrivateIpAddress }, context)).rejects.toThrow(message);
    expect(calls).not.toContain('CreateNetworkInterface');
  });

  test('has the address asked for', async () => {
    const { handler, store } = setUp();
    const result = await handler.create({ SubnetId: 'subnet-1', PrivateIpAddress: '10.40.3.12' }, context);
    expect(result.attributes).toMatchObject({ PrimaryPrivateIpAddress: '10.40.3.12' });
    expect(store.data.interfaces['eni-2']).toMatchObject({ privateIp: '10.40.3.12', upstreamIp: '10.0.9.9' });
  });

  test('in use is not deleted', async () => {
    const { handler, store } = setUp();
    store.data.interfaces['eni-1']!.instanceId = 'i-0a';
    await expect(handler.delete('eni-1', {})).rejects.toThrow("Network interface 'eni-1' is currently in use by i-0a.");
  });

  test('that ministack has forgotten is deleted all the same; the last one takes the network along', async () => {
    const gone = new UpstreamError('ec2', 'InvalidNetworkInterfaceID.NotFound', 'gone', 400);
    const { handler, removed, store } = setUp({ DeleteNetworkInterface: gone });
    await handler.delete('eni-1', {});
    await handler.delete('eni-1', {});
    expect(store.data.interfaces).toEqual({});
    expect(removed).toEqual(['vpc-1']);
  });
});

describe('a launch template', () => {
  test('gets a new version for new content only', async () => {
    const store = temporaryStore(nodesData({ launchTemplates: {} }));
    const handler = launchTemplateResource(store);
    const made = await handler.create({ LaunchTemplateData: { ImageId: 'ami-1' } }, context);
    const same = await handler.update!(made.physicalId, { LaunchTemplateData: { ImageId: 'ami-1' } }, {}, context);
    expect(same.attributes?.LatestVersionNumber).toBe('1');
    const changed = await handler.update!(made.physicalId, { LaunchTemplateData: { ImageId: 'ami-2' } }, {}, context);
    expect(changed.attributes?.LatestVersionNumber).toBe('2');
  });

  test('of a name in use is refused', async () => {
    const handler = launchTemplateResource(temporaryStore(nodesData()));
    await expect(handler.create({ LaunchTemplateName: 'template-a' }, context)).rejects.toThrow(
      'Launch template name already in use: template-a',
    );
  });
});

describe('a group', () => {
  const properties = {
    MinSize: '1',
    MaxSize: '1',
    AvailabilityZones: ['eu-west-1b'],
    LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '1' },
    Tags: [{ Key: 'a', Value: 'b', PropagateAtLaunch: 'true' }],
  };
  function setUp(settle: () => Promise<void> = async () => undefined, signals = new Signals()) {
    const store = temporaryStore(nodesData());
    return { store, handler: groupResource(store, { settle } as unknown as Groups, signals) };
  }

  test.each([
    [{ MaxSize: '3' }, 'the lab runs groups of one, because each holds one interface; got MaxSize 3'],
    [
      { MinSize: '1', DesiredCapacity: '0' },
      'Desired capacity:0 must be between the specified min size:1 and max size:1',
    ],
    [{ AvailabilityZones: ['a', 'b'] }, 'exactly one of AvailabilityZones and no VPCZoneIdentifier'],
    [{ VPCZoneIdentifier: ['subnet-1'] }, 'exactly one of AvailabilityZones and no VPCZoneIdentifier'],
    [{ LaunchTemplate: undefined }, 'needs LaunchTemplate.LaunchTemplateId on a group; got none'],
    [
      { LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '7' } },
      'Launch template lt-1 has versions 1 to 1, not 7.',
    ],
    [{ AutoScalingGroupName: 'group-a' }, 'AutoScalingGroup by this name already exists: group-a'],
  ])('with %j is refused', async (wrong, message) => {
    const { handler, store } = setUp();
    await expect(handler.create({ ...properties, ...wrong }, context)).rejects.toThrow(message);
    expect(Object.keys(store.data.groups)).toEqual(['group-a']);
  });

  test('that cannot launch leaves no group behind, and says why', async () => {
    let reason: string | undefined = 'no such image';
    const { handler, store } = setUp(async () => {
      if (!reason) return;
      const message = reason;
      reason = undefined;
      throw new Error(message);
    });
    await expect(handler.create(properties, context)).rejects.toThrow('no such image');
    expect(Object.keys(store.data.groups)).toEqual(['group-a']);
  });

  test('waits for the signals that its policy asks for, and leaves nothing behind without them', async () => {
    const LabCreationPolicy = { ResourceSignal: { Count: '1', Timeout: 'PT1S' } };
    const signals = new Signals();
    const { handler, store } = setUp(undefined, signals);
    await expect(handler.create({ ...properties, LabCreationPolicy }, context)).rejects.toThrow(
      'Failed to receive 1 resource signal(s) within the specified duration',
    );
    expect(Object.keys(store.data.groups)).toEqual(['group-a']);
    const creation = handler.create({ ...properties, LabCreationPolicy }, context);
    signals.receive(context.stackName, context.logicalId, 'i-1', 'SUCCESS');
    await creation;
  });

  test('waits for a signal in a rolling update, if its policy says so', async () => {
    const { handler, store } = setUp();
    store.data.launchTemplates['lt-1']!.versions.push({ ImageId: 'ami-2' });
    const LabUpdatePolicy = { AutoScalingRollingUpdate: { WaitOnResourceSignals: 'true', PauseTime: 'PT1S' } };
    const changed = { ...properties, LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '2' }, LabUpdatePolicy };
    await expect(handler.update!('group-a', changed, properties, context)).rejects.toThrow('Failed to receive 1');
  });

  test.each([
    [{ AutoScalingRollingUpdate: { MinInstancesInService: '0' } }, true],
    [undefined, false],
  ])('with UpdatePolicy %j replaces its instance on a new version: %s', async (LabUpdatePolicy, replaces) => {
    const { handler, store } = setUp();
    store.data.launchTemplates['lt-1']!.versions.push({ ImageId: 'ami-2' });
    const changed = { ...properties, LaunchTemplate: { LaunchTemplateId: 'lt-1', Version: '2' }, LabUpdatePolicy };
    await handler.update!('group-a', changed, properties, context);
    expect(store.data.groups['group-a']).toMatchObject({ launchTemplateVersion: 2, replaceOutdated: replaces });
  });

  test('is emptied before it is deleted, and may be gone already', async () => {
    const capacities: number[] = [];
    const store = temporaryStore(nodesData({ groups: { 'group-a': group() } }));
    const settle = async () => void capacities.push(store.data.groups['group-a']!.desiredCapacity);
    const handler = groupResource(store, { settle } as unknown as Groups, new Signals());
    await handler.delete('group-a', {});
    await handler.delete('group-a', {});
    expect(capacities).toEqual([0]);
    expect(store.data.groups).toEqual({});
  });
});

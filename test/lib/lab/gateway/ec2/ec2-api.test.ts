import type { Groups } from '../../../../../lib/lab/gateway/autoscaling/groups';
import type { Disks } from '../../../../../lib/lab/gateway/ec2/disks';
import type { Instances } from '../../../../../lib/lab/gateway/ec2/instances';
import { createAutoScaling } from '../../../../../lib/lab/gateway/autoscaling/autoscaling-api';
import { correctInstances, correctInterfaces, createEc2 } from '../../../../../lib/lab/gateway/ec2/ec2-api';
import type { Volumes } from '../../../../../lib/lab/gateway/ec2/volumes';
import type { Upstream } from '../../../../../lib/lab/gateway/ministack/upstream';
import { group, instance, noLog, nodesData, removeStores, temporaryStore } from '../support/fixtures';
import type { LabRequest } from '../../../../../lib/lab/gateway/types';

afterEach(removeStores);

function setUp() {
  const store = temporaryStore(
    nodesData({ instances: { 'i-0a': instance() }, groups: { 'group-a': group({ instanceId: 'i-0a' }) } }),
  );
  const settled: string[] = [];
  const groups = { settleLater: (name: string) => void settled.push(name) } as unknown as Groups;
  const upstream = {
    request: async () => ({ status: 200, headers: {}, text: '<ok/>', body: Buffer.from('<ok/>') }),
  } as unknown as Upstream;
  const rules: string[] = [];
  const securityGroups = {
    refresh: async () => void rules.push('refresh'),
    change: async (id: string, groupIds: readonly string[]) => void rules.push(`${id}: ${groupIds.join(' ')}`),
  };
  const ec2 = createEc2({
    ...{ upstream, store, securityGroups, groups, log: noLog },
    ...{ instances: {} as Instances, volumes: {} as Volumes, disks: {} as Disks },
  });
  const autoScaling = createAutoScaling(store, groups);
  const message = { method: 'POST', url: '/', headersDistinct: {} };
  const ask = (interceptor: typeof ec2) => (action: string, params: object) =>
    interceptor({ action, params, message, body: Buffer.from('') } as unknown as LabRequest);
  return { store, settled, rules, ec2: ask(ec2), autoScaling: ask(autoScaling) };
}

test('instances outside groups are refused', async () => {
  await expect(setUp().ec2('RunInstances', {})).rejects.toThrow('by Auto Scaling groups of one only');
});

test.each([
  ['TerminateInstances', 'shutting-down'],
  ['StopInstances', 'stopping'],
])('%s leaves the instance %s and its group to replace it', async (action, state) => {
  const { ec2, settled, store } = setUp();
  await ec2(action, { 'InstanceId.1': 'i-0a' });
  expect(store.data.instances['i-0a']!.state).toBe(state);
  expect(settled).toEqual(['group-a']);
});

test('an instance that runs cannot be started, one that ends cannot be rebooted', async () => {
  const { ec2, store } = setUp();
  await expect(ec2('StartInstances', { 'InstanceId.1': 'i-0a' })).rejects.toThrow(
    'is not in a state from which it can be started: running',
  );
  store.data.instances['i-0a']!.state = 'stopping';
  await expect(ec2('RebootInstances', { 'InstanceId.1': 'i-0a' })).rejects.toThrow('can be rebooted: stopping');
});

test.each(['AuthorizeSecurityGroupIngress', 'RevokeSecurityGroupEgress', 'ModifySecurityGroupRules'])(
  '%s is answered once the nodes have the rules',
  async (action) => {
    const { ec2, rules } = setUp();
    expect(await ec2(action, { GroupId: 'sg-1' })).toMatchObject({ status: 200 });
    expect(rules).toEqual(['refresh']);
  },
);

test('the groups of an interface follow ModifyNetworkInterfaceAttribute', async () => {
  const { ec2, rules } = setUp();
  await ec2('ModifyNetworkInterfaceAttribute', { NetworkInterfaceId: 'eni-1', 'SecurityGroupId.1': 'sg-2' });
  expect(rules).toEqual(['eni-1: sg-2']);
});

test('tags of instances, which choose targets, follow CreateTags and DeleteTags', async () => {
  const { ec2, store } = setUp();
  await ec2('CreateTags', { 'ResourceId.1': 'i-0a', 'Tag.1.Key': 'colour', 'Tag.1.Value': 'red' });
  expect(store.data.instances['i-0a']!.tags.colour).toBe('red');
  await ec2('DeleteTags', { 'ResourceId.1': 'i-0a', 'Tag.1.Key': 'colour' });
  expect(store.data.instances['i-0a']!.tags.colour).toBeUndefined();
});

test('answers show the lab’s zone, name and no public address', () => {
  const xml =
    '<item><instanceId>i-0a</instanceId><availabilityZone>eu-west-1a</availabilityZone>' +
    '<privateDnsName>ip-10-40-3-11.ec2.internal</privateDnsName><dnsName>ec2-1.amazonaws.com</dnsName>' +
    '<ipAddress>54.1.2.3</ipAddress><amiLaunchIndex>0</amiLaunchIndex></item>' +
    '<item><instanceId>i-0f</instanceId><ipAddress>54.9.9.9</ipAddress><amiLaunchIndex>0</amiLaunchIndex></item>';
  const corrected = correctInstances(nodesData({ instances: { 'i-0a': instance() } }), xml);
  expect(corrected).toContain('<availabilityZone>eu-west-1b</availabilityZone>');
  expect(corrected).toContain('ip-10-40-3-11.eu-west-1.compute.internal');
  expect(corrected).not.toContain('54.1.2.3');
  expect(corrected).toContain('54.9.9.9');
});

test('interfaces show the address asked for', () => {
  const item = (id: string) =>
    `<item><networkInterfaceId>${id}</networkInterfaceId><privateIpAddress>10.0.7.7</privateIpAddress>` +
    '<privateIpAddressesSet><item><privateIpAddress>10.0.7.7</privateIpAddress></item></privateIpAddressesSet></item>';
  const corrected = correctInterfaces(nodesData(), item('eni-1') + item('eni-2'));
  expect(corrected).toBe(item('eni-1').replaceAll('10.0.7.7', '10.40.3.11') + item('eni-2'));
});

test('launch templates are the lab’s own', async () => {
  const { ec2 } = setUp();
  const versions = await ec2('DescribeLaunchTemplateVersions', {
    LaunchTemplateId: 'lt-1',
    'LaunchTemplateVersion.1': '$Latest',
  });
  expect(versions!.body).toContain('<versionNumber>1</versionNumber>');
  await expect(ec2('DescribeLaunchTemplateVersions', { LaunchTemplateId: 'lt-9' })).rejects.toThrow(
    'lt-9, does not exist',
  );
});

describe('Auto Scaling', () => {
  test('what the lab lacks is refused with what it has', async () => {
    await expect(setUp().autoScaling('StartInstanceRefresh', {})).rejects.toThrow(
      'the lab does not implement autoscaling:StartInstanceRefresh; it has DescribeAutoScalingGroups',
    );
  });

  test('capacity out of bounds changes nothing', async () => {
    const { autoScaling, settled, store } = setUp();
    const ask = autoScaling('SetDesiredCapacity', { AutoScalingGroupName: 'group-a', DesiredCapacity: '2' });
    await expect(ask).rejects.toThrow('Desired capacity:2 must be between the specified min size:1 and max size:1');
    expect(store.data.groups['group-a']!.desiredCapacity).toBe(1);
    expect(settled).toEqual([]);
  });

  test('an unhealthy instance is replaced', async () => {
    const { autoScaling, settled, store } = setUp();
    await autoScaling('SetInstanceHealth', { InstanceId: 'i-0a', HealthStatus: 'Unhealthy' });
    expect(store.data.groups['group-a']!.replaceInstance).toBe(true);
    expect(settled).toEqual(['group-a']);
  });

  test('groups are described with their instance', async () => {
    const { autoScaling } = setUp();
    const reply = await autoScaling('DescribeAutoScalingGroups', { 'AutoScalingGroupNames.member.1': 'group-a' });
    expect(reply!.body).toContain('<InstanceId>i-0a</InstanceId>');
    expect(reply!.body).toContain('<LifecycleState>InService</LifecycleState>');
    const none = await autoScaling('DescribeAutoScalingGroups', { 'AutoScalingGroupNames.member.1': 'other' });
    expect(none!.body).toContain('<AutoScalingGroups></AutoScalingGroups>');
  });
});

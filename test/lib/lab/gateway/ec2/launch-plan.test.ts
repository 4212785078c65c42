import { launchTemplateVersion, mountedVolume, planLaunch } from '../../../../../lib/lab/gateway/ec2/launch-plan';
import { group, nodesData } from '../support/fixtures';

test('refuses a launch template without an existing interface at device 0', () => {
  const data = nodesData();
  data.launchTemplates['lt-1']!.versions[0] = { ImageId: 'ami-1', InstanceType: 't3.medium' };
  expect(() => planLaunch(data, group())).toThrow("existing network interface at device index 0 only; got 'none'");
});

test('refuses an interface that another instance holds, in the words of EC2', () => {
  const data = nodesData();
  data.interfaces['eni-1']!.instanceId = 'i-0b';
  expect(() => planLaunch(data, group())).toThrow('Interface: [eni-1] in use.');
});

test('without loop devices, refuses a group without the tag that names its volume', () => {
  expect(() => mountedVolume(nodesData(), group({ tags: [] }))).toThrow(
    "without loop devices the lab mounts the volume that the instance tag 'metals:data-volume-id' names at /var/lib/docker; group group-a has no such tag",
  );
});

test('without loop devices, takes the volume that the tag names, unless it is attached elsewhere', () => {
  const data = nodesData();
  expect(mountedVolume(data, group()).id).toBe('vol-1');
  data.volumes['vol-1']!.attachment = { instanceId: 'i-0b', device: '/dev/sdf', state: 'attached', time: '' };
  expect(() => mountedVolume(data, group())).toThrow('vol-1 is already attached to an instance: i-0b');
});

test('refuses a version that the launch template does not have', () => {
  expect(() => planLaunch(nodesData(), group({ launchTemplateVersion: 2 }))).toThrow(
    'Launch template lt-1 has versions 1 to 1, not 2.',
  );
  expect(() => launchTemplateVersion(nodesData(), 'lt-9', '1')).toThrow('launch template, lt-9, does not exist');
});

test('takes address, profile and metadata options from what the group names', () => {
  const plan = planLaunch(nodesData(), group());
  expect(plan.networkInterface.privateIp).toBe('10.40.3.11');
  expect(plan.hostname).toBe('ip-10-40-3-11');
  expect(plan.instanceProfile).toBe('profile-a');
  expect(plan.metadata).toEqual({ tokensRequired: true, tagsEnabled: false });
});

test('tags the instance from the template, then from the group as far as it propagates', () => {
  expect(planLaunch(nodesData(), group()).tags).toEqual({
    Name: 'from template',
    'metals:slot': 'worker-1',
    'metals:data-volume-id': 'vol-1',
    'aws:autoscaling:groupName': 'group-a',
  });
});

test('resolves $Latest and $Default to numbers', () => {
  const data = nodesData();
  data.launchTemplates['lt-1']!.versions.push({ ImageId: 'ami-2', InstanceType: 't3.medium' });
  expect(launchTemplateVersion(data, 'lt-1', '$Latest')).toBe(2);
  expect(launchTemplateVersion(data, 'lt-1', '$Default')).toBe(1);
  expect(launchTemplateVersion(data, 'lt-1', '2')).toBe(2);
});

import {
  parseHostFacts,
  runArguments,
  type HostFacts,
  type NodeContainer,
} from '../../../../../lib/lab/gateway/ec2/container';
import { instanceSize } from '../../../../../lib/lab/gateway/ec2/instance-types';

const node: NodeContainer = {
  instanceId: 'i-0a',
  container: 'metals-lab-i-0a',
  image: 'metals-lab/node:1',
  hostname: 'ip-10-40-3-11',
  network: 'metals-lab-vpc-1',
  privateIp: '10.40.3.11',
  volume: undefined,
  userDataDelaySeconds: 2.25,
  size: { vcpus: 2, memoryMib: 4096 },
  slot: 'manager-1',
  gateway: '10.40.0.2:4566',
  registry: '000000000000.dkr.ecr.eu-west-1.amazonaws.com',
};
const cgroup1: HostFacts = { cpus: 2, cgroupVersion: '1', cgroupDriver: 'cgroupfs', appArmor: false };
const cgroup2: HostFacts = { cpus: 8, cgroupVersion: '2', cgroupDriver: 'systemd', appArmor: true };

const valuesOf = (flag: string, args: readonly string[]) => args.filter((_, index) => args[index - 1] === flag);

test('an instance type that the lab cannot give is refused with those that it can', () => {
  expect(() => instanceSize('m5.metal')).toThrow(/'m5.metal' is unknown to the lab, which has t3.small, t3.medium/);
});

test('never asks for --privileged, which hosts without all capabilities refuse', () => {
  expect(runArguments(node, cgroup1)).not.toContain('--privileged');
  expect(valuesOf('--cap-add', runArguments(node, cgroup1))).toContain('NET_ADMIN');
});

test('with cgroup v1 node and tasks share a parent named by the address', () => {
  const args = runArguments(node, cgroup1);
  expect(valuesOf('--cgroup-parent', args)).toEqual(['/metals-lab/ip-10-40-3-11']);
  expect(args).toContain('--cgroupns=host');
  expect(valuesOf('--env', args)).toContain('LAB_CGROUP_PARENT=/metals-lab/ip-10-40-3-11');
  expect(args).not.toContain('--memory');
});

test('with cgroup v2 the container itself is limited, swap included', () => {
  const args = runArguments(node, cgroup2);
  expect(args).toContain('--cgroupns=private');
  expect(valuesOf('--memory', args)).toEqual(['4096m']);
  expect(valuesOf('--memory-swap', args)).toEqual(['4096m']);
  expect(valuesOf('--cpus', args)).toEqual(['2']);
  expect(valuesOf('--env', args)).toContain('LAB_CGROUP_PARENT=');
});

test('on a bigger host Swarm sees the CPUs of the instance type, spread by address', () => {
  expect(valuesOf('--cpuset-cpus', runArguments(node, cgroup2))).toEqual(['6,7']);
  expect(valuesOf('--cpuset-cpus', runArguments({ ...node, privateIp: '10.40.3.12' }, cgroup2))).toEqual(['0,1']);
  expect(runArguments(node, cgroup1)).not.toContain('--cpuset-cpus');
});

test('a host with one CPU is not asked for two', () => {
  expect(valuesOf('--cpus', runArguments(node, { ...cgroup2, cpus: 1 }))).toEqual(['1']);
});

test('names AppArmor only where there is one', () => {
  expect(valuesOf('--security-opt', runArguments(node, cgroup2))).toContain('apparmor=unconfined');
  expect(valuesOf('--security-opt', runArguments(node, cgroup1))).not.toContain('apparmor=unconfined');
});

test('publishes nothing, and labels what it makes', () => {
  const args = runArguments(node, cgroup1);
  expect(valuesOf('--publish', args)).toEqual([]);
  expect(valuesOf('--label', args)).toContain('com.metals.lab=1');
  expect(args.at(-1)).toBe('metals-lab/node:1');
});

test('reads what docker info says, and takes silence for cgroup v1', () => {
  const facts = parseHostFacts(
    '{"NCPU":4,"CgroupDriver":"cgroupfs","SecurityOptions":["name=seccomp,profile=default"]}',
  );
  expect(facts).toEqual({ cpus: 4, cgroupVersion: '1', cgroupDriver: 'cgroupfs', appArmor: false });
  const modern = '{"NCPU":4,"CgroupVersion":"2","CgroupDriver":"systemd","SecurityOptions":["name=apparmor"]}';
  expect(parseHostFacts(modern)).toMatchObject({ cgroupVersion: '2', appArmor: true });
});

test('the data volume is a loop device that user data attaches, or is mounted where there are none', () => {
  const loop = runArguments(node, cgroup1);
  expect(valuesOf('--device-cgroup-rule', loop)).toEqual(['b 7:* rmw', 'c 10:237 rmw']);
  expect(valuesOf('--env', loop)).toEqual(
    expect.arrayContaining(['LAB_VOLUMES=loop', 'LAB_USER_DATA_DELAY_SECONDS=2.3']),
  );
  expect(loop).not.toContain('--mount');
  const mounted = runArguments({ ...node, volume: 'vol-1' }, cgroup1);
  expect(valuesOf('--mount', mounted)).toEqual(['type=volume,source=metals-lab-vol-1,target=/var/lib/docker']);
  expect(mounted).not.toContain('--device-cgroup-rule');
  expect(valuesOf('--env', mounted)).toContain('LAB_VOLUMES=docker');
});

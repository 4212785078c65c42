/** Pure: the `docker run` that makes a node. */
import { LAB_LABEL, LAB_PREFIX, TAG } from '../../../contract';
import type { InstanceSize } from './instance-types';

/** What decides about the flags; read from `docker info`. */
export interface HostFacts {
  readonly cpus: number;
  readonly cgroupVersion: '1' | '2';
  readonly cgroupDriver: string;
  readonly appArmor: boolean;
}

export interface NodeContainer {
  readonly instanceId: string;
  readonly container: string;
  readonly image: string;
  readonly hostname: string;
  readonly network: string;
  readonly privateIp: string;
  /** Id of the volume that is mounted at /var/lib/docker from the start; undefined where user data attaches it. */
  readonly volume: string | undefined;
  /** User data begins so long after the agent. */
  readonly userDataDelaySeconds: number;
  readonly size: InstanceSize;
  readonly slot: string;
  /** address:port */
  readonly gateway: string;
  readonly registry: string;
}

/** As little as dockerd with overlay networks needs: `--privileged` fails on hosts that lack a capability. */
const CAPABILITIES = [
  'NET_ADMIN',
  'SYS_ADMIN',
  'SYS_MODULE',
  'SYS_PTRACE',
  'SYS_NICE',
  'SYS_TIME',
  'NET_RAW',
  'SYS_CHROOT',
  'SYS_RAWIO',
  'IPC_LOCK',
  'SYSLOG',
  'MAC_ADMIN',
  'DAC_READ_SEARCH',
  'LINUX_IMMUTABLE',
  'AUDIT_CONTROL',
];

/** Block major of loop devices, and the device that hands out free ones. */
const LOOP_DEVICE_RULES = ['b 7:* rmw', 'c 10:237 rmw'];

/** What `docker run` needs so that a container may use loop devices. */
export const LOOP_DEVICE_ARGUMENTS = LOOP_DEVICE_RULES.flatMap((rule) => ['--device-cgroup-rule', rule]);

export const containerName = (instanceId: string): string => `${LAB_PREFIX}-${instanceId}`;
export const volumeName = (volumeId: string): string => `${LAB_PREFIX}-${volumeId}`;
export const networkName = (vpcId: string): string => `${LAB_PREFIX}-${vpcId}`;

export function parseHostFacts(dockerInfo: string): HostFacts {
  const info = JSON.parse(dockerInfo) as Record<string, unknown>;
  return {
    cpus: Number(info.NCPU),
    // Engines before 20.10 do not say, and know version 1 only.
    cgroupVersion: info.CgroupVersion === '2' ? '2' : '1',
    cgroupDriver: String(info.CgroupDriver ?? 'cgroupfs'),
    appArmor: ((info.SecurityOptions as string[] | undefined) ?? []).some((each) => each.includes('name=apparmor')),
  };
}

export function runArguments(node: NodeContainer, host: HostFacts): string[] {
  const securityOptions = ['seccomp=unconfined', 'systempaths=unconfined'];
  if (host.appArmor) securityOptions.push('apparmor=unconfined');
  const cgroupParent = cgroupParentOf(node, host);
  const environment = {
    LAB_GATEWAY: node.gateway,
    LAB_REGISTRY: node.registry,
    LAB_CGROUP_PARENT: cgroupParent,
    LAB_VCPUS: String(node.size.vcpus),
    LAB_MEMORY_MIB: String(node.size.memoryMib),
    LAB_VOLUMES: node.volume === undefined ? 'loop' : 'docker',
    LAB_USER_DATA_DELAY_SECONDS: node.userDataDelaySeconds.toFixed(1),
  };
  return [
    ...['run', '--detach', '--name', node.container, '--hostname', node.hostname],
    ...['--network', node.network, '--ip', node.privateIp, '--add-host', `${node.registry}:127.0.0.2`],
    ...['--label', `${LAB_LABEL}=1`, '--label', `${TAG.slot}=${node.slot}`],
    ...volumeArguments(node.volume),
    // As on EC2, what is under /run does not survive a reboot, nor reach a disk.
    ...['--tmpfs', '/run:rw,nosuid,nodev,mode=755'],
    ...CAPABILITIES.flatMap((capability) => ['--cap-add', capability]),
    ...securityOptions.flatMap((option) => ['--security-opt', option]),
    ...cgroupArguments(node.size, host, cgroupParent),
    ...cpusetArguments(node, host),
    ...Object.entries(environment).flatMap(([name, value]) => ['--env', `${name}=${value}`]),
    node.image,
  ];
}

const volumeArguments = (volumeId: string | undefined): string[] =>
  volumeId === undefined
    ? [...LOOP_DEVICE_ARGUMENTS]
    : ['--mount', `type=volume,source=${volumeName(volumeId)},target=/var/lib/docker`];

/**
 * cgroup v1: node and tasks share a parent that the node itself limits. It is named by the address, so that a
 * replacement finds, and removes, what its predecessor left. Only the cgroupfs driver takes such a path.
 */
const cgroupParentOf = (node: NodeContainer, host: HostFacts): string =>
  host.cgroupVersion === '1' && host.cgroupDriver === 'cgroupfs' ? `/${LAB_PREFIX}/${node.hostname}` : '';

function cgroupArguments(size: InstanceSize, host: HostFacts, parent: string): string[] {
  if (parent) {
    return ['--cgroup-parent', parent, '--cgroupns=host', '--volume', '/sys/fs/cgroup:/sys/fs/cgroup:rw'];
  }
  // cgroup v2: the container's own limits cover what its dockerd runs.
  const memory = `${size.memoryMib}m`;
  const cpus = String(Math.min(size.vcpus, host.cpus));
  return ['--cgroupns=private', '--memory', memory, '--memory-swap', memory, '--cpus', cpus];
}

/** A CPU set makes Swarm see the instance type's CPUs on a bigger host; nodes are spread by their address. */
function cpusetArguments(node: NodeContainer, host: HostFacts): string[] {
  if (host.cpus <= node.size.vcpus) return [];
  const lastOctet = Number(node.privateIp.split('.').pop());
  const cpus = Array.from({ length: node.size.vcpus }, (_, i) => (lastOctet * node.size.vcpus + i) % host.cpus);
  return ['--cpuset-cpus', cpus.join(',')];
}

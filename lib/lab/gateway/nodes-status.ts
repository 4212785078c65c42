import { TAG } from '../../contract';
import { isFinal, type CommandRecord } from './ssm/command-records';
import type { ManagedNodes } from './ssm/targets';
import type { NodesData } from './ec2/records';

/** What /_lab/status tells about nodes: no user data, no outputs. */
export function nodesStatus(
  data: NodesData,
  commands: readonly CommandRecord[],
  nodes: ManagedNodes,
): Record<string, unknown> {
  const online = new Set(
    nodes
      .list()
      .filter((node) => node.online)
      .map(({ id }) => id),
  );
  return {
    instances: Object.values(data.instances)
      .filter((instance) => instance.state !== 'terminated')
      .map((instance) => ({
        id: instance.id,
        slot: instance.tags[TAG.slot] ?? '',
        state: instance.state,
        online: online.has(instance.id),
        privateIp: instance.privateIp,
        container: instance.container,
        launchTime: instance.launchTime,
      })),
    groups: Object.values(data.groups).map(({ name, desiredCapacity, instanceId, lastFailure }) => ({
      name,
      desiredCapacity,
      instanceId,
      lastFailure,
    })),
    volumes: Object.values(data.volumes).map(({ id, attachment, lastFailure }) => ({
      id,
      state: attachment?.state ?? 'available',
      lastFailure,
    })),
    commandsRunning: commands.filter((command) => !isFinal(command.status)).length,
  };
}

import { TAG } from '../../../contract';
import type { InstanceRecord } from './records';

/** Which ports of the lab lead to which slot's node: `manager-1=8000,8001;worker-1=9000`. */
export type PublishedPorts = ReadonlyMap<string, readonly number[]>;

export function parsePublish(text: string): PublishedPorts {
  const ports = new Map<string, readonly number[]>();
  for (const part of text.split(';').filter((each) => each.trim() !== '')) {
    const match = /^\s*([a-z0-9-]+)=(\d{1,5}(?:,\d{1,5})*)\s*$/.exec(part);
    if (!match) throw new Error(`LAB_PUBLISH has '${part}', expected SLOT=PORT[,…], such as manager-1=8000,8001`);
    ports.set(match[1]!, match[2]!.split(',').map(Number));
  }
  return ports;
}

/** Whether ports lead to a new instance. Each is there once: a second stage beside the first has its nodes, and no port. */
export function publishes(
  published: PublishedPorts,
  tags: InstanceRecord['tags'],
  instances: readonly Pick<InstanceRecord, 'tags' | 'state' | 'publishes'>[],
): boolean {
  const taken = instances.some(
    (other) =>
      other.publishes &&
      other.state !== 'terminated' &&
      other.tags[TAG.slot] === tags[TAG.slot] &&
      other.tags[TAG.stage] !== tags[TAG.stage],
  );
  return !taken && published.has(tags[TAG.slot] ?? '');
}

/** The node that a port leads to, where no load balancer has the port. */
export const nodeAtPort = <T extends Pick<InstanceRecord, 'tags' | 'state' | 'publishes'>>(
  published: PublishedPorts,
  instances: readonly T[],
  port: number,
): T | undefined =>
  instances.find(
    ({ publishes: isPublished, state, tags }) =>
      isPublished && ['pending', 'running'].includes(state) && published.get(tags[TAG.slot] ?? '')?.includes(port),
  );

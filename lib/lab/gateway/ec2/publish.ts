import { TAG } from '../../../contract';
import type { InstanceRecord } from './records';

/** Which host ports are published from which slot's node: `manager-1=8000:8000,8001:8001;worker-1=9000:9000`. */
export type PublishedPorts = ReadonlyMap<string, readonly string[]>;

export function parsePublish(text: string): PublishedPorts {
  const ports = new Map<string, readonly string[]>();
  for (const part of text.split(';').filter((each) => each.trim() !== '')) {
    const match = /^\s*([a-z0-9-]+)=((?:\d{1,5}:\d{1,5})(?:,\d{1,5}:\d{1,5})*)\s*$/.exec(part);
    if (!match) {
      throw new Error(
        `LAB_PUBLISH has '${part}', expected SLOT=HOST_PORT:NODE_PORT[,…], such as manager-1=8000:8000,8001:8001`,
      );
    }
    ports.set(match[1]!, match[2]!.split(','));
  }
  return ports;
}

/** Ports of a machine are there once: a second stage beside the first has its nodes, and publishes nothing. */
export function portsToPublish(
  published: PublishedPorts,
  tags: InstanceRecord['tags'],
  instances: readonly Pick<InstanceRecord, 'tags' | 'state' | 'publishes'>[],
): readonly string[] {
  const taken = instances.some(
    (other) =>
      other.publishes &&
      other.state !== 'terminated' &&
      other.tags[TAG.slot] === tags[TAG.slot] &&
      other.tags[TAG.stage] !== tags[TAG.stage],
  );
  return taken ? [] : (published.get(tags[TAG.slot] ?? '') ?? []);
}

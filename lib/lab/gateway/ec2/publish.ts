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

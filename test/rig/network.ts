/** A network with a subnet of its own, and ports on loopback that stay the same when a container starts again. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { docker } from '../../lib/lab/docker';

/** Below the range from which the kernel takes ports for outgoing connections: a restarted container finds its own free. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const ATTEMPTS = 50;

/** Candidates lie where laptops rarely have networks; Docker refuses one that overlaps with its others. */
export const subnetOf = (index: number): string => `10.213.${index}.0/24`;

export async function createNetwork(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  const labelled = Object.entries(labels).flatMap(([label, value]) => ['--label', `${label}=${value}`]);
  let last: unknown;
  for (let index = 0; index < ATTEMPTS; index += 1) {
    try {
      await docker(['network', 'create', '--subnet', subnetOf(index), ...labelled, name]);
      return;
    } catch (error) {
      if (!/overlap/i.test((error as Error).message)) throw error;
      last = error;
    }
  }
  throw new Error(`no free subnet among ${subnetOf(0)} to ${subnetOf(ATTEMPTS - 1)}: ${(last as Error).message}`);
}

export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port among ${ATTEMPTS} tried between ${FIRST_PORT} and ${LAST_PORT}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** A network with a subnet of its own, and ports on loopback that stay the same when a container starts again. */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { docker } from '../../lib/lab/docker';

/** Below the range from which the kernel takes ports for outgoing connections: a restarted container finds its own free. */
const FIRST_PORT = 20_000;
const LAST_PORT = 32_000;
const ATTEMPTS = 50;

/**
 * Candidates lie where laptops rarely have networks. Half of each is for addresses that the rig gives: Docker would give
 * that of a container that is stopped or cut off to the next one.
 */
const BLOCK = 16;
const SUBNETS = 256 / BLOCK;
const subnetOf = (index: number): string => `10.213.${index * BLOCK}.0/20`;
/** The rest of the subnet, from which Docker takes what nobody asked for. */
const rangeOf = (index: number): string => `10.213.${index * BLOCK + BLOCK / 2}.0/21`;
const gatewayOf = (index: number): string => `10.213.${index * BLOCK}.1`;
const FIRST_HOST = 2;

/** Gives addresses of a network, each once. */
export class Addresses {
  private given = 0;

  constructor(private readonly index: number) {}

  next(): string {
    const host = FIRST_HOST + this.given;
    this.given += 1;
    if (host >= (BLOCK / 2) * 256) throw new Error(`the network has no address left after ${this.given - 1}`);
    return `10.213.${this.index * BLOCK + Math.floor(host / 256)}.${host % 256}`;
  }
}

/** Docker refuses a subnet that overlaps with its others. */
export async function createNetwork(name: string, labels: Readonly<Record<string, string>>): Promise<Addresses> {
  const labelled = Object.entries(labels).flatMap(([label, value]) => ['--label', `${label}=${value}`]);
  let last: unknown;
  for (let index = 0; index < SUBNETS; index += 1) {
    const ranges = ['--subnet', subnetOf(index), '--ip-range', rangeOf(index), '--gateway', gatewayOf(index)];
    try {
      await docker(['network', 'create', ...ranges, ...labelled, name]);
      return new Addresses(index);
    } catch (error) {
      if (!/overlap/i.test((error as Error).message)) throw error;
      last = error;
    }
  }
  throw new Error(`no free subnet among ${subnetOf(0)} to ${subnetOf(SUBNETS - 1)}: ${(last as Error).message}`);
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

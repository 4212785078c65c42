/**
 * The images that the product's own images are built on. AWS deployments, and machines that reach the registry, use the
 * real reference; in the lab a local image takes its place, which is the real one or a stand-in (lib/lab/stand-ins.ts).
 * Pure: the CDK app reads build arguments from here.
 */

export interface Base {
  /** Tag of the local image. */
  readonly version: string;
  /** The real image. */
  readonly reference: string;
}

export const BASES = {
  debian: {
    version: 'trixie',
    reference: 'debian:trixie-slim',
  },
  node: {
    version: '22',
    reference: 'node:22-slim',
  },
  haproxy: {
    version: '3.0',
    reference: 'haproxy:3.0',
  },
  kafka: {
    version: '4.3.1',
    reference: 'apache/kafka:4.3.1',
  },
  kafka3: {
    version: '3.9.1',
    reference: 'apache/kafka:3.9.1',
  },
  zookeeper: {
    version: '3.9.4',
    reference: 'zookeeper:3.9.4',
  },
  mongodb: {
    version: '8.0',
    reference: 'mongo:8.0',
  },
} as const satisfies Record<string, Base>;

export type BaseName = keyof typeof BASES;
export const BASE_NAMES = Object.keys(BASES) as BaseName[];

/** Local name of a base, real or stand-in: `metals-lab/base-kafka:4.3.1`. */
export const baseImage = (name: BaseName): string => `metals-lab/base-${name}:${BASES[name].version}`;

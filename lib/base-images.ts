/**
 * The images that the product's own images are built on. Each has its real reference, which AWS deployments
 * and machines that reach the registry use, and a stand-in for machines that do not. Pure: the CDK app reads
 * build arguments from here.
 */

export interface Base {
  /** Tag of the local image. */
  readonly version: string;
  /** The real image. */
  readonly reference: string;
  /** What the stand-in is, in one line, as the user reads it. */
  readonly standIn: string;
}

/** Pinned version of the `node` binary in the stand-in; the real image follows its release line. */
export const STAND_IN_NODE_VERSION = '22.23.3';
export const DEBIAN_SUITE = 'trixie';

export const BASES = {
  debian: {
    version: 'trixie',
    reference: 'debian:trixie-slim',
    standIn: 'Debian trixie, made by debootstrap from the packages of its archive',
  },
  node: {
    version: '22',
    reference: 'node:22-slim',
    standIn: `Node.js ${STAND_IN_NODE_VERSION} as the npm registry distributes it, on Debian trixie`,
  },
  haproxy: {
    version: '3.0',
    reference: 'haproxy:3.0',
    standIn: 'HAProxy 3.0 from Debian trixie',
  },
  kafka: {
    version: '4.3.1',
    reference: 'apache/kafka:4.3.1',
    standIn: "Apache Kafka 4.3.1: its jars from Maven Central with Debian's OpenJDK 21",
  },
  kafka3: {
    version: '3.9.1',
    reference: 'apache/kafka:3.9.1',
    standIn: "Apache Kafka 3.9.1: its jars from Maven Central with Debian's OpenJDK 21",
  },
  zookeeper: {
    version: '3.9.4',
    reference: 'zookeeper:3.9.4',
    standIn: "Apache ZooKeeper 3.9.4: its jars from Maven Central with Debian's OpenJDK 21",
  },
  mongodb: {
    version: '8.0',
    reference: 'mongo:8.0',
    standIn: "FerretDB 1.24.2 with SQLite in place of MongoDB 8.0: MongoDB's protocol, without its user roles",
  },
} as const satisfies Record<string, Base>;

export type BaseName = keyof typeof BASES;
export const BASE_NAMES = Object.keys(BASES) as BaseName[];

/** Local name of a base, real or stand-in: `metals-lab/base-kafka:4.3.1`. */
export const baseImage = (name: BaseName): string => `metals-lab/base-${name}:${BASES[name].version}`;

/** Present on a stand-in alone: what it is. */
export const STAND_IN_LABEL = 'com.metals.stand-in';
/** Hash of everything that a local image was made from. */
export const CONTENT_LABEL = 'com.metals.content';
/** Marks what only an image build needed, so that it is removed afterwards. */
export const STAGE_LABEL = 'com.metals.lab.stage';

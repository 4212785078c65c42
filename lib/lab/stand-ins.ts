/** What takes the place of base images on a machine that cannot pull them, and how local images are marked. */
import type { BaseName } from '../base-images';

/** Pinned version of the `node` binary in the stand-in; the real image follows its release line. */
export const STAND_IN_NODE_VERSION = '22.23.3';
export const DEBIAN_SUITE = 'trixie';

/** What each stand-in is, in one line, as the user reads it. */
export const STAND_INS: Readonly<Record<BaseName, string>> = {
  debian: 'Debian trixie, made by debootstrap from the packages of its archive',
  node: `Node.js ${STAND_IN_NODE_VERSION} as the npm registry distributes it, on Debian trixie`,
  haproxy: 'HAProxy 3.0 from Debian trixie',
  kafka: "Apache Kafka 4.3.1: its jars from Maven Central with Debian's OpenJDK 21",
  kafka3: "Apache Kafka 3.9.1: its jars from Maven Central with Debian's OpenJDK 21",
  zookeeper: "Apache ZooKeeper 3.9.4: its jars from Maven Central with Debian's OpenJDK 21",
  mongodb:
    "FerretDB 1.24.2, patched to use its indexes, to count without reading, and to name the index that refuses, with SQLite in place of MongoDB 8.0: MongoDB's protocol, without its user roles",
};

/** Present on a stand-in alone: what it is. */
export const STAND_IN_LABEL = 'com.metals.stand-in';
/** Hash of everything that a local image was made from. */
export const CONTENT_LABEL = 'com.metals.content';
/** Marks what only an image build needed, so that it is removed afterwards. */
export const STAGE_LABEL = 'com.metals.lab.stage';

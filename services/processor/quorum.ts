/**
 * Which brokers vote in Kafka's quorum (KRaft), and whether they follow its leader. A broker can serve without: it is in sync,
 * and no task of the Swarm says that the loss of one more stops Kafka.
 * Protocol: https://kafka.apache.org/protocol#The_Messages_DescribeQuorum, version 1 (KIP-836).
 */
import type Decoder from 'kafkajs/src/protocol/decoder';
import { noTags, readList, type KafkaRequest } from '../common/kafka-request';

export interface Voter {
  readonly broker: number;
  /** How long ago it had all that the leader has; undefined: never since this leader was elected. */
  readonly behindMs: number | undefined;
}

export interface Quorum {
  readonly leader: number;
  readonly voters: readonly Voter[];
}

/** The leader writes a record every 500 ms (metadata.max.idle.interval.ms): one that follows is never that late. */
const FOLLOWS_WITHIN_MS = 10_000;
const METADATA = '__cluster_metadata';

export const DESCRIBE_QUORUM: KafkaRequest = {
  apiKey: 55,
  apiName: 'DescribeQuorum',
  apiVersion: 1,
  encode: (encoder) => {
    encoder.writeUVarInt(2).writeUVarIntString(METADATA).writeUVarInt(2).writeInt32(0);
    return noTags(noTags(noTags(encoder)));
  },
};

/** @throws with Kafka's number of an error, such as 31 where the right to ask is missing */
export function readQuorum(decoder: Decoder): Quorum {
  failOn(decoder.readInt16());
  const quorums = readList(decoder, () => {
    decoder.readUVarIntString();
    const partitions = readList(decoder, () => readPartition(decoder));
    decoder.readTaggedFields();
    return partitions[0];
  });
  if (quorums[0] === undefined) throw new Error(`the answer has no ${METADATA}`);
  return quorums[0];
}

function readPartition(decoder: Decoder): Quorum {
  decoder.readInt32();
  failOn(decoder.readInt16());
  const leader = decoder.readInt32();
  // Epoch and high watermark.
  decoder.readInt32();
  decoder.readInt64();
  const voters = readList(decoder, () => readReplica(decoder));
  // Observers: brokers without a vote, and tools that read along.
  readList(decoder, () => readReplica(decoder));
  decoder.readTaggedFields();
  // The leader's own time is that of its answer.
  const nowMs = voters.find(({ id }) => id === leader)?.caughtUpMs ?? 0;
  return {
    leader,
    voters: voters.map(({ id, caughtUpMs }) => ({
      broker: id,
      behindMs: caughtUpMs < 0 ? undefined : Math.max(0, nowMs - caughtUpMs),
    })),
  };
}

function readReplica(decoder: Decoder): { readonly id: number; readonly caughtUpMs: number } {
  const id = decoder.readInt32();
  // Its end of the log, and when it has fetched last.
  decoder.readInt64();
  decoder.readInt64();
  const caughtUpMs = Number(decoder.readInt64());
  decoder.readTaggedFields();
  return { id, caughtUpMs };
}

function failOn(code: number): void {
  if (code !== 0) throw new Error(`Kafka error ${code}${code === 31 ? ', CLUSTER_AUTHORIZATION_FAILED' : ''}`);
}

/** Pure: what is missing of the quorum, whose members are numbered from 1; undefined: nothing. */
export function quorumProblem({ leader, voters }: Quorum, expectedBrokers: number): string | undefined {
  const missing = Array.from({ length: expectedBrokers }, (_, index) => index + 1).flatMap((broker) => {
    const voter = voters.find((one) => one.broker === broker);
    if (voter === undefined) return [`broker ${broker} has no vote`];
    if (voter.behindMs === undefined) return [`broker ${broker} does not follow its leader`];
    if (voter.behindMs <= FOLLOWS_WITHIN_MS) return [];
    return [`broker ${broker} has not followed its leader for ${Math.round(voter.behindMs / 1_000)} s`];
  });
  if (missing.length === 0) return undefined;
  return `Kafka's quorum of ${expectedBrokers}, led by broker ${leader}: ${missing.join(', ')}`;
}

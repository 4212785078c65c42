import Decoder from 'kafkajs/src/protocol/decoder';
import Fetch, { type FetchArguments, type FetchCall } from 'kafkajs/src/protocol/requests/fetch';
import { decodeRecordBatches, type FetchedMessage } from './record-batches';

export interface FetchPolicy {
  readonly topic: string;
  /** Of all partitions of an answer; a batch that alone has more still comes, and then little else. */
  readonly maxBytes: number;
  /** Of one gzip batch. */
  readonly maxUnpackedBytes: number;
  /** Called once for each answer; what it returns says what is decoded of one partition of it. Undefined: nothing. */
  readonly admit: () => (partition: number) => Admission | undefined;
}

/** Tells of each record, by the bytes of its key and value, whether it is still taken. */
export type Admission = (bytes: number) => boolean;

interface FetchedPartition {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly abortedTransactions: readonly { readonly producerId: string; readonly firstOffset: string }[];
  readonly messages: readonly FetchedMessage[];
}

/** The newest that kafkajs 2.2.4 speaks, and the one that it chooses with Kafka 2.3 and later. */
const FETCH_VERSION = 11;

let policy: FetchPolicy | undefined;

/**
 * kafkajs 2.2.4 decodes all that a fetch brings, the headers of a record in quadratic time: one record of 60 KB stops the
 * process for minutes, and an answer of tiny ones fills its memory. Here the answers of one topic are decoded by
 * record-batches.ts, only as far as there is room; the rest is fetched again. One policy holds for the whole process, and
 * the last one given counts.
 */
export function guardFetch(given: FetchPolicy): void {
  if (policy === undefined) install();
  policy = given;
}

function install(): void {
  const original = Fetch.protocol;
  if (typeof original !== 'function' || typeof original({ version: FETCH_VERSION }) !== 'function') {
    throw new Error(`kafkajs has changed: its Fetch version ${FETCH_VERSION} is missing, see kafka-fetch-guard.ts`);
  }
  Fetch.protocol = ({ version }) => {
    const call = original({ version });
    return (request) => {
      if (policy === undefined || request.topics.some(({ topic }) => topic !== policy?.topic)) return call(request);
      if (version !== FETCH_VERSION) {
        throw new Error(
          `the broker speaks Fetch version ${version}, expected ${FETCH_VERSION}: Kafka must be 2.3 or later`,
        );
      }
      return guarded(call, request, policy);
    };
  };
}

function guarded(call: FetchCall, request: FetchArguments, { maxBytes, maxUnpackedBytes, admit }: FetchPolicy) {
  const asked = request.topics.flatMap(({ partitions }) => partitions);
  // An equal share for each, or a partition with a backlog would fill the answer and the others would wait.
  const share = Math.ceil(maxBytes / Math.max(1, asked.length));
  const topics = request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((each) => ({ ...each, maxBytes: Math.min(each.maxBytes, share) })),
  }));
  const offsets = new Map(asked.map(({ partition, fetchOffset }) => [partition, fetchOffset]));
  const decode = async (answer: Buffer): Promise<unknown> => {
    const admission = admit();
    return decodeAnswer(answer, (partition, records) => {
      const fetchOffset = offsets.get(partition);
      if (records === null || records.length === 0 || fetchOffset === undefined) return [];
      const take = admission(partition);
      return take === undefined ? [] : decodeRecordBatches(records, { fetchOffset, take, maxUnpackedBytes });
    });
  };
  const { request: encoded, response, requestTimeout } = call({ ...request, maxBytes, topics });
  return { request: encoded, requestTimeout, response: { parse: response.parse, decode } };
}

/** https://kafka.apache.org/protocol#The_Messages_Fetch, version 11 */
function decodeAnswer(
  answer: Buffer,
  messagesOf: (partition: number, records: Buffer | null) => readonly FetchedMessage[],
): object {
  const decoder = new Decoder(answer);
  const clientSideThrottleTime = decoder.readInt32();
  const errorCode = decoder.readInt16();
  const sessionId = decoder.readInt32();
  const responses = decoder.readArray((topic) => ({
    topicName: topic.readString(),
    partitions: topic.readArray((each): FetchedPartition & Record<string, unknown> => {
      const partition = each.readInt32();
      return {
        partition,
        errorCode: each.readInt16(),
        highWatermark: each.readInt64().toString(),
        lastStableOffset: each.readInt64().toString(),
        lastStartOffset: each.readInt64().toString(),
        abortedTransactions: each.readArray((aborted) => ({
          producerId: aborted.readInt64().toString(),
          firstOffset: aborted.readInt64().toString(),
        })),
        preferredReadReplica: each.readInt32(),
        messages: messagesOf(partition, each.readBytes()),
      };
    }),
  }));
  // As kafkajs has it: it throttles by what it is told here, on the side of the client.
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

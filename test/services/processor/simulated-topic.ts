import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, Kafka } from 'kafkajs';
import Batch from 'kafkajs/src/consumer/batch';
import Decoder from 'kafkajs/src/protocol/decoder';
import Fetch from 'kafkajs/src/protocol/requests/fetch';
import { encodeAnswer, encodeBatch, type BatchOptions, type TestRecord } from '../kafka-answers';

/**
 * A topic without a broker, behind the part of kafkajs that the processor uses. Its batches, requests and answers are encoded
 * and decoded by kafkajs's own code, as far as the processor leaves it in place; how a broker fills an answer is as in
 * Kafka's ReplicaManager.readFromLog: whole batches up to both limits, and one in any case.
 */

export interface EncodedBatch {
  readonly bytes: Buffer;
  readonly records: number;
}

/** Batches that follow each other, over and over, until there are so many. */
export interface SimulatedPartition {
  readonly batches: readonly EncodedBatch[];
  readonly count: number;
}

export async function batchOf(records: readonly TestRecord[], options: BatchOptions = {}): Promise<EncodedBatch> {
  return { bytes: await encodeBatch(records, options), records: records.length };
}

/** An offset of its own for each partition; no fetch takes longer than this. */
const IDLE_MS = 2;
const FETCH_VERSION = 11;

interface Asked {
  readonly partition: number;
  readonly fetchOffset: bigint;
  readonly maxBytes: number;
}

export class SimulatedTopic {
  /** What is read next of each partition. */
  readonly next: bigint[];
  readonly committed = new Map<number, bigint>();
  readonly paused = new Set<number>();
  fetches = 0;
  answeredBytes = 0;
  largestAnswer = 0;
  /** What a producer of kafkajs does: dead letters. */
  onSend: (messages: number) => Promise<void> = async () => undefined;
  private running = true;
  private loop: Promise<void> | undefined;

  constructor(
    private readonly name: string,
    private readonly partitions: readonly SimulatedPartition[],
  ) {
    this.next = partitions.map(() => 0n);
  }

  end(partition: number): bigint {
    const { batches, count } = this.partitions[partition];
    const round = batches.reduce((sum, { records }) => sum + records, 0);
    const rest = batches.slice(0, count % batches.length).reduce((sum, { records }) => sum + records, 0);
    return BigInt(Math.floor(count / batches.length) * round + rest);
  }

  get kafka(): Kafka {
    return {
      consumer: () => this.consumer(),
      admin: () => this.admin(),
      producer: () => this.producer(),
    } as unknown as Kafka;
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
  }

  private consumer(): Consumer {
    const events = ['FETCH_START', 'FETCH', 'HEARTBEAT', 'CONNECT', 'REBALANCING', 'GROUP_JOIN', 'CRASH'];
    const listeners = new Map<string, (event: object) => void>();
    const select = (topics: { partitions?: number[] }[], act: (partition: number) => void): void =>
      topics.forEach(({ partitions }) => (partitions ?? [...this.partitions.keys()]).forEach(act));
    const join = { memberAssignment: { [this.name]: [...this.partitions.keys()] } };
    return {
      events: Object.fromEntries(events.map((event) => [event, event])),
      on: (event: string, listener: (event: object) => void) => void listeners.set(event, listener),
      connect: async () => undefined,
      subscribe: async () => undefined,
      run: async ({ eachBatch }: { eachBatch: (payload: object) => Promise<void> }) => {
        listeners.get('GROUP_JOIN')?.({ payload: join });
        this.loop = this.fetchUntilStopped(eachBatch, () => listeners.get('FETCH_START')?.({}));
      },
      pause: (topics: { partitions?: number[] }[]) => select(topics, (partition) => this.paused.add(partition)),
      resume: (topics: { partitions?: number[] }[]) => select(topics, (partition) => this.paused.delete(partition)),
      stop: () => this.stop(),
      disconnect: async () => undefined,
    } as unknown as Consumer;
  }

  private admin(): object {
    const offsets = [...this.partitions.keys()].map((partition) => ({ partition, offset: '-1', metadata: null }));
    return {
      connect: async () => undefined,
      fetchOffsets: async () => [{ topic: this.name, partitions: offsets }],
      disconnect: async () => undefined,
    };
  }

  private producer(): object {
    return {
      connect: async () => undefined,
      send: async ({ messages }: { messages: unknown[] }) => {
        await this.onSend(messages.length);
        return [{ errorCode: 0 }];
      },
      disconnect: async () => undefined,
    };
  }

  private async fetchUntilStopped(eachBatch: (payload: object) => Promise<void>, onFetch: () => void): Promise<void> {
    while (this.running) {
      const active = [...this.partitions.keys()].filter((partition) => !this.paused.has(partition));
      const behind = active.filter((partition) => this.next[partition] < this.end(partition));
      // As over a socket: never in the same turn of the event loop.
      await sleep(behind.length === 0 ? IDLE_MS : 0);
      if (behind.length === 0) continue;
      onFetch();
      await this.fetch(shuffled(active), eachBatch);
    }
  }

  private async fetch(partitions: readonly number[], eachBatch: (payload: object) => Promise<void>): Promise<void> {
    const offsets = partitions.map((partition) => String(this.next[partition]));
    const asked = partitions.map((partition, n) => ({ partition, fetchOffset: offsets[n], maxBytes: 1_048_576 }));
    const { request, response } = Fetch.protocol({ version: FETCH_VERSION })({
      maxBytes: 10_485_760,
      topics: [{ topic: this.name, partitions: asked }],
    });
    const { buffer } = await (request as { encode(): Promise<{ buffer: Buffer }> }).encode();
    const answer = this.answer(buffer);
    const decoded = (await response.parse((await response.decode(answer)) as never)) as {
      responses: { partitions: { partition: number }[] }[];
    };
    const batches = decoded.responses
      .flatMap((topic) => topic.partitions)
      .filter(({ partition }) => !this.paused.has(partition))
      .map((data) => new Batch(this.name, offsets[partitions.indexOf(data.partition)], data));
    await Promise.all(batches.filter((batch) => !batch.isEmpty()).map((batch) => eachBatch(this.payload(batch))));
  }

  private payload(batch: InstanceType<typeof Batch>): object {
    const { partition } = batch;
    return {
      batch,
      resolveOffset: (offset: string) => void (this.next[partition] = BigInt(offset) + 1n),
      commitOffsetsIfNecessary: async ({
        topics,
      }: {
        topics: { partitions: { partition: number; offset: string }[] }[];
      }) => topics[0].partitions.forEach((each) => this.committed.set(each.partition, BigInt(each.offset))),
      pause: () => (this.paused.add(partition), () => void this.paused.delete(partition)),
      isStale: () => false,
    };
  }

  private answer(request: Buffer): Buffer {
    const { maxBytes, asked } = readRequest(request);
    let left = maxBytes;
    let first = true;
    const answered = asked.map(({ partition, fetchOffset, maxBytes: most }) => {
      const records = this.read(partition, fetchOffset, Math.min(most, left), first);
      if (records.length > 0) first = false;
      left = Math.max(0, left - records.length);
      return { partition, highWatermark: this.end(partition), records };
    });
    const answer = encodeAnswer(this.name, answered);
    this.fetches += 1;
    this.answeredBytes += answer.length;
    this.largestAnswer = Math.max(this.largestAnswer, answer.length);
    return answer;
  }

  /** Batches from the one that holds the offset on; the last may be cut off, as a broker does it. */
  private read(partition: number, offset: bigint, maxBytes: number, inAnyCase: boolean): Buffer {
    const { batches, count } = this.partitions[partition];
    const round = batches.reduce((sum, { records }) => sum + records, 0);
    let base = (offset / BigInt(round)) * BigInt(round);
    let index = Number(offset / BigInt(round)) * batches.length;
    const parts: Buffer[] = [];
    let bytes = 0;
    for (; index < count && bytes < maxBytes + (inAnyCase && bytes === 0 ? 1 : 0); index += 1) {
      const { bytes: batch, records } = batches[index % batches.length];
      const at = base;
      base += BigInt(records);
      if (base <= offset) continue;
      // The first batch is whole or not there at all, from version 3 on.
      if (bytes === 0 && batch.length > maxBytes && !inAnyCase) break;
      const placed = Buffer.from(batch);
      placed.writeBigInt64BE(at, 0);
      parts.push(bytes === 0 ? placed : placed.subarray(0, maxBytes - bytes));
      bytes += placed.length;
    }
    return Buffer.concat(parts);
  }
}

function shuffled<T>(values: readonly T[]): T[] {
  return values
    .map((value) => ({ value, at: Math.random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ value }) => value);
}

/** https://kafka.apache.org/protocol#The_Messages_Fetch, version 11, of one topic */
function readRequest(request: Buffer): { maxBytes: number; asked: Asked[] } {
  const decoder = new Decoder(request);
  for (let n = 0; n < 3; n += 1) decoder.readInt32();
  const maxBytes = decoder.readInt32();
  decoder.readInt8();
  decoder.readInt32();
  decoder.readInt32();
  const topics = decoder.readArray((topic) => {
    topic.readString();
    return topic.readArray((each) => {
      const partition = each.readInt32();
      each.readInt32();
      const fetchOffset = each.readInt64();
      each.readInt64();
      return { partition, fetchOffset, maxBytes: each.readInt32() };
    });
  });
  return { maxBytes, asked: topics.flat() };
}

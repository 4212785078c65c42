import Encoder from 'kafkajs/src/protocol/encoder';
import RecordEncoder from 'kafkajs/src/protocol/recordBatch/record/v0';
import { RecordBatch } from 'kafkajs/src/protocol/recordBatch/v0';

/** Batches and answers as a broker keeps and sends them, made by kafkajs's own encoders. */

export interface TestRecord {
  readonly key?: Buffer | null;
  readonly value?: Buffer | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timestampDelta?: number;
}

export interface BatchOptions {
  readonly firstOffset?: number | bigint;
  /** 0: none, 1: gzip */
  readonly compression?: number;
  readonly firstTimestamp?: number;
}

export async function encodeBatch(records: readonly TestRecord[], options: BatchOptions = {}): Promise<Buffer> {
  const { firstOffset = 0, compression = 0, firstTimestamp = 1_700_000_000_000 } = options;
  const encoded = records.map(({ key = null, value = null, headers = {}, timestampDelta = 0 }, offsetDelta) =>
    RecordEncoder({ offsetDelta, timestampDelta, key, value, headers }),
  );
  const batch = await RecordBatch({
    compression,
    firstOffset: String(firstOffset),
    firstTimestamp,
    maxTimestamp: firstTimestamp + 5,
    lastOffsetDelta: records.length - 1,
    records: encoded,
  });
  return batch.buffer;
}

export interface AnsweredPartition {
  readonly partition: number;
  readonly highWatermark: number | bigint;
  readonly records: Buffer;
  readonly errorCode?: number;
}

/** The answer to a fetch, version 11, of one topic. */
export function encodeAnswer(topic: string, partitions: readonly AnsweredPartition[]): Buffer {
  const encoded = partitions.map(({ partition, highWatermark, records, errorCode = 0 }) =>
    new Encoder()
      .writeInt32(partition)
      .writeInt16(errorCode)
      .writeInt64(String(highWatermark))
      .writeInt64(String(highWatermark))
      .writeInt64('0')
      .writeArray([])
      .writeInt32(-1)
      .writeBytes(records),
  );
  const topics = [new Encoder().writeString(topic).writeArray(encoded)];
  return new Encoder().writeInt32(0).writeInt16(0).writeInt32(0).writeArray(topics).buffer;
}

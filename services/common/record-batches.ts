import { gunzipSync } from 'node:zlib';

/**
 * Record batches of magic 2 as a broker answers them: https://kafka.apache.org/documentation/#recordbatch
 *
 * kafkajs's own decoder builds all records of an answer, their headers in quadratic time, and unpacks without a bound.
 * Here a record costs the same whatever it holds: its headers are passed over, and no more of it is decoded than is asked for.
 */

/** What kafkajs's `Batch` looks at in a message, and what `eachBatch` hands on. */
export interface FetchedMessage {
  /** Of an unreadable batch the last one, so that what is read next lies behind it. */
  readonly offset: string;
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly attributes: number;
  readonly headers: Record<string, never>;
  readonly isControlRecord: boolean;
  readonly batchContext: { readonly producerId: string; readonly inTransaction: boolean; readonly leaderEpoch: number };
  /** A whole batch, or what is left of it, that cannot be read. */
  readonly unreadable?: { readonly firstOffset: string; readonly reason: string };
}

export interface DecodeLimits {
  /** Records before it are passed over: a batch is answered whole, also when it was read in part before. */
  readonly fetchOffset: string;
  /** Tells of each record, by the bytes of its key and value, whether it is still taken; the first is taken in any case. */
  readonly take: (bytes: number) => boolean;
  /** A batch that takes more when it is unpacked is unreadable. After so much in all, what is left is for the next answer. */
  readonly maxUnpackedBytes: number;
}

/** Of a batch: base offset and length, which the length does not count; then from the leader epoch to the count of records. */
const PREFIX_BYTES = 12;
const HEADER_BYTES = 61;
const MAGIC = 2;
const COMPRESSION_MASK = 0x7;
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const LOG_APPEND_TIME = 0x8;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
const NO_HEADERS: Record<string, never> = {};

interface BatchHeader {
  readonly baseOffset: bigint;
  readonly lastOffset: bigint;
  readonly attributes: number;
  readonly firstTimestamp: bigint;
  readonly maxTimestamp: bigint;
  readonly count: number;
  readonly context: FetchedMessage['batchContext'];
}

/** The records of one partition in an answer, in order, from the offset that was asked for. Throws where no batch begins. */
export function decodeRecordBatches(bytes: Buffer, limits: DecodeLimits): FetchedMessage[] {
  const messages: FetchedMessage[] = [];
  const fetchOffset = BigInt(limits.fetchOffset);
  let position = 0;
  const unpacker = new Unpacker(limits.maxUnpackedBytes);
  while (position + HEADER_BYTES <= bytes.length) {
    const end = position + PREFIX_BYTES + bytes.readInt32BE(position + 8);
    // The broker cuts the last batch off where the answer is full.
    if (end > bytes.length) break;
    const header = readHeader(bytes, position, end);
    if (header.lastOffset >= fetchOffset) {
      const records = bytes.subarray(position + HEADER_BYTES, end);
      if (!decodeBatch(header, records, fetchOffset, limits.take, unpacker, messages)) break;
    }
    position = end;
  }
  return messages;
}

function readHeader(bytes: Buffer, at: number, end: number): BatchHeader {
  const magic = bytes.readInt8(at + 16);
  if (magic !== MAGIC || end < at + HEADER_BYTES) {
    throw new Error(
      `a record batch of ${end - at} bytes has magic ${magic}, expected ${MAGIC} and ${HEADER_BYTES} bytes`,
    );
  }
  const baseOffset = bytes.readBigInt64BE(at);
  const attributes = bytes.readInt16BE(at + 21);
  return {
    baseOffset,
    attributes,
    lastOffset: baseOffset + BigInt(bytes.readInt32BE(at + 23)),
    firstTimestamp: bytes.readBigInt64BE(at + 27),
    maxTimestamp: bytes.readBigInt64BE(at + 35),
    context: {
      leaderEpoch: bytes.readInt32BE(at + PREFIX_BYTES),
      producerId: String(bytes.readBigInt64BE(at + 43)),
      inTransaction: (attributes & TRANSACTIONAL) !== 0,
    },
    count: bytes.readInt32BE(at + 57),
  };
}

/** Appends the records of one batch; false: there is no room for more. */
function decodeBatch(
  header: BatchHeader,
  packed: Buffer,
  fetchOffset: bigint,
  take: DecodeLimits['take'],
  unpacker: Unpacker,
  messages: FetchedMessage[],
): boolean {
  const skipped = fetchOffset - header.baseOffset;
  const fromDelta = skipped > 0n ? Number(skipped) : 0;
  const before = messages.length;
  const codec = header.attributes & COMPRESSION_MASK;
  if (codec !== 0 && unpacker.isSpent && messages.length > 0) return false;
  const isFull = (bytes: number): boolean => !take(bytes) && messages.length > 0;
  try {
    const cursor = new Cursor(unpacker.unpack(packed, codec));
    for (let n = 0; n < header.count; n += 1) {
      const record = readRecord(cursor, header, fromDelta);
      if (record === undefined) continue;
      if (isFull((record.key?.length ?? 0) + (record.value?.length ?? 0))) return false;
      messages.push(record);
    }
    return true;
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    if (isFull(0)) return false;
    const first =
      messages.length > before
        ? sum(BigInt(messages[messages.length - 1].offset), 1)
        : sum(header.baseOffset, fromDelta);
    messages.push(unreadable(header, first, error.message));
    return true;
  }
}

class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** Unpacking 4 MiB takes some 10 ms, and an answer may hold hundreds of batches that are so large when they are unpacked. */
class Unpacker {
  private unpackedBytes = 0;

  constructor(private readonly maxBytes: number) {}

  get isSpent(): boolean {
    return this.unpackedBytes >= this.maxBytes;
  }

  unpack(records: Buffer, codec: number): Buffer {
    if (codec === 0) return records;
    const name = CODECS[codec] ?? `number ${codec}`;
    if (name !== 'gzip') throw new UnreadableError(`compressed with ${name}, which nothing here unpacks`);
    try {
      const unpacked = gunzipSync(records, { maxOutputLength: this.maxBytes });
      this.unpackedBytes += unpacked.length;
      return unpacked;
    } catch (error) {
      this.unpackedBytes += this.maxBytes;
      const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      const reason = isTooLarge ? `takes more than ${this.maxBytes} bytes when it is unpacked` : 'is not valid gzip';
      throw new UnreadableError(reason);
    }
  }
}

/** The next record, or undefined for one before the offset that was asked for. */
function readRecord(cursor: Cursor, header: BatchHeader, fromDelta: number): FetchedMessage | undefined {
  const end = cursor.lengthTo();
  const attributes = cursor.byte();
  const timestampDelta = cursor.varlong();
  const offsetDelta = cursor.varint();
  if (offsetDelta < fromDelta) {
    cursor.position = end;
    return undefined;
  }
  const key = cursor.bytes(end);
  const value = cursor.bytes(end);
  // What follows are the headers.
  cursor.position = end;
  const isAppendTime = (header.attributes & LOG_APPEND_TIME) !== 0;
  return {
    offset: sum(header.baseOffset, offsetDelta),
    timestamp: isAppendTime ? String(header.maxTimestamp) : sum(header.firstTimestamp, timestampDelta),
    key,
    value,
    attributes,
    headers: NO_HEADERS,
    isControlRecord: (header.attributes & CONTROL) !== 0,
    batchContext: header.context,
  };
}

/** Of 64 bits, by the arithmetic that is ten times as fast where that is exact. */
function sum(base: bigint, delta: number | bigint): string {
  const quick = Number(base) + Number(delta);
  return Number.isSafeInteger(quick) ? String(quick) : String(base + BigInt(delta));
}

function unreadable(header: BatchHeader, firstOffset: string, reason: string): FetchedMessage {
  return {
    offset: String(header.lastOffset),
    timestamp: String(header.maxTimestamp),
    key: null,
    value: null,
    attributes: 0,
    headers: NO_HEADERS,
    isControlRecord: false,
    batchContext: header.context,
    unreadable: { firstOffset, reason },
  };
}

/** Zigzag varints of at most 5 and 10 bytes: https://protobuf.dev/programming-guides/encoding/#signed-ints */
const MAX_VARINT_SHIFT = 28;
const MAX_VARLONG_SHIFT = 63n;

class Cursor {
  position = 0;

  constructor(private readonly buffer: Buffer) {}

  byte(): number {
    if (this.position >= this.buffer.length)
      throw new UnreadableError(`ends within a record, at byte ${this.position}`);
    return this.buffer[this.position++];
  }

  varint(): number {
    let value = 0;
    for (let shift = 0; shift <= MAX_VARINT_SHIFT; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new UnreadableError(`has a number of more than 5 bytes before byte ${this.position}`);
  }

  varlong(): number | bigint {
    const start = this.position;
    // Nearly all are short: no arithmetic on big integers for them.
    let small = 0;
    for (let shift = 0; shift < MAX_VARINT_SHIFT; shift += 7) {
      const byte = this.byte();
      small |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (small >>> 1) ^ -(small & 1);
    }
    this.position = start;
    let value = 0n;
    for (let shift = 0n; shift <= MAX_VARLONG_SHIFT; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
    }
    throw new UnreadableError(`has a number of more than 10 bytes before byte ${this.position}`);
  }

  /** Reads a length and returns the position where that many bytes end. */
  lengthTo(limit = this.buffer.length): number {
    const length = this.varint();
    const end = this.position + length;
    if (length < 0 || end > limit) {
      throw new UnreadableError(`has a length of ${length} where ${limit - this.position} bytes are left`);
    }
    return end;
  }

  bytes(limit: number): Buffer | null {
    // A length of -1 stands for null.
    if (this.buffer[this.position] === 1) {
      this.position += 1;
      return null;
    }
    const end = this.lengthTo(limit);
    const slice = this.buffer.subarray(this.position, end);
    this.position = end;
    return slice;
  }
}

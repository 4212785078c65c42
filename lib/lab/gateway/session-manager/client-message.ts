/**
 * Messages of Session Manager's data channel, as the plugin and the agent write them
 * [github.com/aws/session-manager-plugin, src/message]. All numbers are big-endian. Pure.
 */
import { createHash, randomUUID } from 'node:crypto';

export const MESSAGE = {
  input: 'input_stream_data',
  output: 'output_stream_data',
  acknowledge: 'acknowledge',
  closed: 'channel_closed',
} as const;

export const PAYLOAD = {
  output: 1,
  size: 3,
  handshakeRequest: 5,
  handshakeResponse: 6,
  handshakeComplete: 7,
  flag: 10,
} as const;

/** What a payload of type flag says, as one number of four bytes. */
export const FLAG = { disconnectFromPort: 1, terminateSession: 2, connectToPortError: 3 } as const;

export interface ClientMessage {
  readonly type: string;
  readonly sequenceNumber: number;
  /** A UUID. */
  readonly id: string;
  readonly payloadType: number;
  readonly payload: Buffer;
}

const AT = {
  type: 4,
  version: 36,
  created: 40,
  sequence: 48,
  flags: 56,
  id: 64,
  digest: 80,
  payloadType: 112,
} as const;
/** The first field: where the length of the payload stands, behind which it begins. */
const HEADER_LENGTH = 116;
const PAYLOAD_AT = HEADER_LENGTH + 4;
const TYPE_BYTES = 32;
/** Flags of an acknowledgement, which is a stream of its own. */
const FIRST_AND_LAST = 3n;
const SCHEMA_VERSION = 1;

const digest = (payload: Buffer): Buffer => createHash('sha256').update(payload).digest();

/** Java's order of a UUID's halves: the less significant one first. */
const swapHalves = (id: Buffer): Buffer => Buffer.concat([id.subarray(8, 16), id.subarray(0, 8)]);

export function serialise({ type, sequenceNumber, id, payloadType, payload }: ClientMessage): Buffer {
  const header = Buffer.alloc(PAYLOAD_AT);
  header.writeUInt32BE(HEADER_LENGTH, 0);
  header.fill(' ', AT.type, AT.type + TYPE_BYTES);
  header.write(type, AT.type);
  header.writeUInt32BE(SCHEMA_VERSION, AT.version);
  header.writeBigUInt64BE(type === MESSAGE.acknowledge ? FIRST_AND_LAST : 0n, AT.flags);
  header.writeBigUInt64BE(BigInt(Date.now()), AT.created);
  header.writeBigInt64BE(BigInt(sequenceNumber), AT.sequence);
  swapHalves(Buffer.from(id.replaceAll('-', ''), 'hex')).copy(header, AT.id);
  digest(payload).copy(header, AT.digest);
  header.writeUInt32BE(payloadType, AT.payloadType);
  header.writeUInt32BE(payload.length, HEADER_LENGTH);
  return Buffer.concat([header, payload]);
}

/** @throws Error where it is no such message, or was changed on its way */
export function parseMessage(bytes: Buffer): ClientMessage {
  if (bytes.length < PAYLOAD_AT || bytes.readUInt32BE(0) !== HEADER_LENGTH)
    throw new Error(`no message of a data channel: ${bytes.length} bytes`);
  const payload = bytes.subarray(PAYLOAD_AT, PAYLOAD_AT + bytes.readUInt32BE(HEADER_LENGTH));
  if (!digest(payload).equals(bytes.subarray(AT.digest, AT.payloadType)))
    throw new Error('a message of a data channel whose payload has another digest than it says');
  const id = swapHalves(bytes.subarray(AT.id, AT.digest)).toString('hex');
  return {
    // Filled with blanks, or with zeros.
    type: bytes
      .subarray(AT.type, AT.type + TYPE_BYTES)
      .toString()
      .replace(/[ \0]+$/, ''),
    sequenceNumber: Number(bytes.readBigInt64BE(AT.sequence)),
    id: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    payloadType: bytes.readUInt32BE(AT.payloadType),
    payload,
  };
}

/** A message of this side; only data has a number of its own. */
export const newMessage = (
  type: string,
  sequenceNumber: number,
  payloadType: number,
  payload: Buffer,
): ClientMessage => ({
  ...{ type, sequenceNumber, id: randomUUID(), payloadType, payload },
});

export const acknowledgementOf = ({ type, id, sequenceNumber }: ClientMessage): ClientMessage =>
  newMessage(
    MESSAGE.acknowledge,
    0,
    0,
    json({
      AcknowledgedMessageType: type,
      AcknowledgedMessageId: id,
      AcknowledgedMessageSequenceNumber: sequenceNumber,
      IsSequentialMessage: true,
    }),
  );

export const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

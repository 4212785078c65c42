/**
 * Passwords of Kafka's users, which kafkajs cannot change: a request of KIP-554, sent over its own connection.
 * Protocol: https://kafka.apache.org/protocol#The_Messages_AlterUserScramCredentials
 */
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import Broker from 'kafkajs/src/broker';
import ConnectionPool from 'kafkajs/src/network/connectionPool';
import Decoder from 'kafkajs/src/protocol/decoder';
import Encoder from 'kafkajs/src/protocol/encoder';
import type { Kafka } from 'kafkajs';
import { socketFactory, type KafkaLoginConnection } from '../common/kafka';

const SHA_512 = 2;
/** As Kafka's own tools; it refuses fewer. */
const ITERATIONS = 4096;
const SALT_BYTES = 24;
const KEY_BYTES = 64;

export interface ScramUser {
  readonly name: string;
  readonly password: string;
}

interface Request {
  readonly apiKey: number;
  readonly apiName: string;
  readonly encode: (encoder: Encoder) => Encoder;
}

export interface ScramUsers {
  /**
   * Gives users their passwords. There is no way to remove one: after a restart Kafka 4.3.1 reads its records anew, and where
   * the first change that it meets is a removal it forgets all users (org.apache.kafka.image.ScramDelta.apply).
   */
  set(users: readonly ScramUser[]): Promise<void>;
}

/** Runs an action over a connection of its own to the first broker that can be reached, by the login of an administrator. */
export async function withScramUsers<T>(
  kafka: Kafka,
  connection: KafkaLoginConnection,
  password: string,
  action: (users: ScramUsers) => Promise<T>,
): Promise<T> {
  const { broker, pool } = await connectToOne(kafka, connection, password);
  try {
    return await action(usersOver((request) => send(pool, request)));
  } finally {
    await broker.disconnect();
  }
}

/** @throws what the last of them said, when none can be reached */
async function connectToOne(
  kafka: Kafka,
  connection: KafkaLoginConnection,
  password: string,
): Promise<{ broker: Broker; pool: ConnectionPool }> {
  let failure: unknown;
  for (const address of connection.brokers) {
    const pool = poolTo(address, kafka, connection, password);
    const broker = new Broker({
      connectionPool: pool,
      logger: kafka.logger(),
      authenticationTimeout: connection.request_timeout_ms,
    });
    try {
      await broker.connect();
      return { broker, pool };
    } catch (error) {
      failure = error;
      await broker.disconnect();
    }
  }
  throw failure;
}

function poolTo(address: string, kafka: Kafka, connection: KafkaLoginConnection, password: string): ConnectionPool {
  const [host, port] = address.split(':');
  return new ConnectionPool({
    host,
    port: Number(port),
    clientId: 'metals-setup',
    sasl: { mechanism: 'scram-sha-512', username: connection.username, password },
    socketFactory,
    connectionTimeout: connection.connection_timeout_ms,
    requestTimeout: connection.request_timeout_ms,
    logger: kafka.logger(),
  });
}

const usersOver = (call: (request: Request) => Promise<Decoder>): ScramUsers => ({
  set: async (users) => checkAltered(await call(alterRequest(users))),
});

/** The request is of the flexible form: the header ends with tagged fields, of which there are none. */
const send = (pool: ConnectionPool, { apiKey, apiName, encode }: Request): Promise<Decoder> =>
  pool.send({
    request: { apiKey, apiName, apiVersion: 0, encode: () => Promise.resolve(encode(noTags(new Encoder()))) },
    response: {
      decode: (answer: Buffer) => {
        const decoder = new Decoder(answer);
        decoder.readTaggedFields();
        return Promise.resolve(decoder);
      },
      parse: (decoder: Decoder) => Promise.resolve(decoder),
    },
  });

const noTags = (encoder: Encoder): Encoder => encoder.writeUVarInt(0);

export const alterRequest = (set: readonly ScramUser[]): Request => ({
  apiKey: 51,
  apiName: 'AlterUserScramCredentials',
  encode: (encoder) => {
    // No removal.
    encoder.writeUVarInt(1);
    encoder.writeUVarInt(set.length + 1);
    for (const { name, password } of set) {
      const salt = randomBytes(SALT_BYTES);
      encoder.writeUVarIntString(name).writeInt8(SHA_512).writeInt32(ITERATIONS);
      encoder.writeUVarIntBytes(salt).writeUVarIntBytes(saltedPassword(password, salt));
      noTags(encoder);
    }
    return noTags(encoder);
  },
});

/** RFC 5802's Hi(); the password itself never leaves this process. Its letters and digits need no SASLprep. */
export const saltedPassword = (password: string, salt: Buffer): Buffer =>
  pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, 'sha512');

export function checkAltered(decoder: Decoder): void {
  decoder.readInt32();
  readArray(decoder, () => {
    const user = decoder.readUVarIntString();
    failOn(decoder.readInt16(), decoder.readUVarIntString(), `the password of ${user} cannot be changed`);
    decoder.readTaggedFields();
  });
}

function readArray<T>(decoder: Decoder, read: () => T): T[] {
  const length = decoder.readUVarInt() - 1;
  return Array.from({ length: Math.max(0, length) }, read);
}

function failOn(code: number, message: string | null, what: string): void {
  if (code !== 0) throw new Error(`${what}: ${message ?? 'no reason is given'} (Kafka error ${code})`);
}

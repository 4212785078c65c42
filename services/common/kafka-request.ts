/** Requests that kafkajs has no call for, sent over a connection of its own. Protocol: https://kafka.apache.org/protocol */
import Broker from 'kafkajs/src/broker';
import ConnectionPool from 'kafkajs/src/network/connectionPool';
import Decoder from 'kafkajs/src/protocol/decoder';
import Encoder from 'kafkajs/src/protocol/encoder';
import type { Kafka } from 'kafkajs';
import { socketFactory, type KafkaLoginConnection } from './kafka';

export interface KafkaRequest {
  readonly apiKey: number;
  readonly apiName: string;
  /** One of the flexible form: its header and its parts end with tagged fields, of which there are none here. */
  readonly apiVersion: number;
  readonly encode: (encoder: Encoder) => Encoder;
}

export interface AskedBroker {
  /** @throws when the broker does not answer in time. What the answer says of errors is the caller's to read. */
  send(request: KafkaRequest): Promise<Decoder>;
  close(): Promise<void>;
}

export interface Asking {
  readonly kafka: Kafka;
  readonly clientId: string;
  readonly connection: KafkaLoginConnection;
  readonly password: string;
}

/**
 * The first broker that can be reached.
 *
 * @throws what the last of them said, when none can
 */
export async function connectToOne(asking: Asking): Promise<AskedBroker> {
  let failure: unknown;
  for (const address of asking.connection.brokers) {
    const pool = poolTo(address, asking);
    const broker = new Broker({
      connectionPool: pool,
      logger: asking.kafka.logger(),
      authenticationTimeout: asking.connection.request_timeout_ms,
    });
    try {
      await broker.connect();
      return { send: (request) => send(pool, request), close: () => broker.disconnect() };
    } catch (error) {
      failure = error;
      await broker.disconnect();
    }
  }
  throw failure;
}

function poolTo(address: string, { kafka, clientId, connection, password }: Asking): ConnectionPool {
  const [host, port] = address.split(':');
  return new ConnectionPool({
    host,
    port: Number(port),
    clientId,
    sasl: { mechanism: 'scram-sha-512', username: connection.username, password },
    socketFactory,
    connectionTimeout: connection.connection_timeout_ms,
    requestTimeout: connection.request_timeout_ms,
    logger: kafka.logger(),
  });
}

const send = (pool: ConnectionPool, { encode, ...api }: KafkaRequest): Promise<Decoder> =>
  pool.send({
    request: { ...api, encode: () => Promise.resolve(encode(noTags(new Encoder()))) },
    response: {
      decode: (answer: Buffer) => {
        const decoder = new Decoder(answer);
        decoder.readTaggedFields();
        return Promise.resolve(decoder);
      },
      parse: (decoder: Decoder) => Promise.resolve(decoder),
    },
  });

export const noTags = (encoder: Encoder): Encoder => encoder.writeUVarInt(0);

/** A list, whose length is written as one more than it is. */
export function readList<T>(decoder: Decoder, read: () => T): T[] {
  const length = decoder.readUVarInt() - 1;
  return Array.from({ length: Math.max(0, length) }, read);
}

import type { Socket } from 'node:net';
import { KafkaJSConnectionError, KafkaJSConnectionClosedError } from 'kafkajs/src/errors';
import Connection from 'kafkajs/src/network/connection';

interface ConnectionInternals {
  readonly host: string;
  readonly port: number;
  readonly socket: Socket | undefined;
  send(call: { readonly request: { readonly apiKey: number } }): Promise<unknown>;
}

/** The first request on a connection, ApiVersions. */
const FIRST_REQUEST = 18;

let installed = false;

/**
 * kafkajs 2.2.4 keeps the connection to a broker that does not answer in time: it asks that broker again, up to six times, and
 * a new client does not go on to the next address. A node that stands still, or one behind a network that drops its packets,
 * so stops a client for a minute, long after other brokers lead its partitions. Here a request without an answer ends its
 * connection, as in Kafka's own clients (NetworkClient.handleTimedOutRequests): the client asks another broker who leads now.
 */
export function guardSilence(): void {
  if (installed) return;
  const prototype = Connection.prototype as unknown as ConnectionInternals;
  const original = prototype.send;
  if (typeof original !== 'function') {
    throw new Error('kafkajs has changed: Connection.send is missing, see kafka-silence-guard.ts');
  }
  prototype.send = async function send(this: ConnectionInternals, call) {
    try {
      return await original.call(this, call);
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'KafkaJSRequestTimeoutError') throw error;
      const { host, port } = this;
      // What else waits on it fails with it, as when the broker resets the connection.
      this.socket?.destroy(new Error(`no answer from ${host}:${port}`));
      // By these names kafkajs knows whether to take the next address, or to ask anew who leads.
      if (call.request.apiKey === FIRST_REQUEST)
        throw new KafkaJSConnectionError(error.message, { broker: `${host}:${port}` });
      throw new KafkaJSConnectionClosedError(error.message, { host, port });
    }
  };
  installed = true;
}

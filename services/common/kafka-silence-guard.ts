import type { Socket } from 'node:net';
import { KafkaJSConnectionError, KafkaJSConnectionClosedError } from 'kafkajs/src/errors';
import Connection from 'kafkajs/src/network/connection';

interface ConnectionInternals {
  readonly host: string;
  readonly port: number;
  readonly socket: Socket | undefined;
  /** Of those in flight; times in milliseconds. */
  readonly requestQueue: {
    readonly requestTimeout: number;
    readonly inflight: ReadonlyMap<number, { readonly sentAt: number; readonly requestTimeout: number }>;
  };
  send(call: { readonly request: { readonly apiKey: number } }): Promise<unknown>;
}

/** What a connection begins with: SaslHandshake, ApiVersions, SaslAuthenticate. */
const BEGINNING: ReadonlySet<number> = new Set([17, 18, 36]);

/** Addresses without another one: there is nothing to go on to, and who asks decides how often. */
const alone = new Set<string>();
let installed = false;

/**
 * kafkajs 2.2.4 keeps the connection to a broker that does not answer in time: it asks that broker again, up to six times, and
 * a new client does not go on to the next address. A node that stands still, or one behind a network that drops its packets,
 * so stops a client for a minute, long after other brokers lead its partitions. Here a request without an answer ends its
 * connection, as in Kafka's own clients (NetworkClient.handleTimedOutRequests): the client asks another broker who leads now.
 *
 * @param addresses where a client of this process begins, `host:port`
 */
export function guardSilence(addresses: readonly string[]): void {
  if (addresses.length === 1) alone.add(addresses[0]!);
  if (installed) return;
  const prototype = Connection.prototype as unknown as ConnectionInternals;
  const original = prototype.send;
  if (typeof original !== 'function') {
    throw new Error('kafkajs has changed: Connection.send is missing, see kafka-silence-guard.ts');
  }
  /** Errors of this guard: a request that needed the beginning of a connection fails with the error of that. */
  const ofSilence = new WeakSet<Error>();
  prototype.send = async function send(this: ConnectionInternals, call) {
    try {
      return await original.call(this, call);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const isUnanswered = error.name === 'KafkaJSRequestTimeoutError';
      if (isUnanswered ? isWaited(this) : !ofSilence.has(error)) throw error;
      const { host, port } = this;
      const address = `${host}:${port}`;
      // What else waits on it fails with it, as when the broker resets the connection.
      this.socket?.destroy(new Error(`no answer from ${address}`));
      const isBeginning = BEGINNING.has(call.request.apiKey);
      // By these names kafkajs knows whether to take the next address, or to ask anew who leads.
      const silence = isBeginning
        ? new KafkaJSConnectionError(error.message, { broker: address })
        : new KafkaJSConnectionClosedError(error.message, { host, port });
      if (isBeginning && alone.has(address)) Object.assign(silence, { retriable: false });
      ofSilence.add(silence);
      throw silence;
    }
  };
  installed = true;
}

/**
 * Whether a request is in flight that may take longer: a broker answers one after the other, so whoever joins a group keeps
 * what comes later waiting.
 */
function isWaited({ requestQueue: { inflight, requestTimeout } }: ConnectionInternals): boolean {
  const now = Date.now();
  return [...inflight.values()].some(
    (request) => request.requestTimeout > requestTimeout && now - request.sentAt <= request.requestTimeout,
  );
}

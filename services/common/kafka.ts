import { readFileSync } from 'node:fs';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { Kafka, logLevel, type ISocketFactory } from 'kafkajs';
import { z } from 'zod';
import { externalSchema, type External } from './external';
import { guardHeartbeat } from './kafka-heartbeat-guard';
import { guardSilence } from './kafka-silence-guard';
import { quietPendingRequestTimer } from './kafka-timer';
import { kafkaLogCreator, type Logger } from './log';

/** Below the 900 s after which a load balancer or a firewall forgets an idle flow. */
const TCP_KEEP_ALIVE_MS = 60_000;

export const kafkaConnectionSchema = z.strictObject({
  brokers: z.array(z.string().regex(/^[^\s:]+:\d+$/, 'must be host:port')).min(1),
  /** Whom to log in as at a broker of this stack; kafka-login.ts asks for it there. */
  username: z.string().min(1).optional(),
  /** Somebody else's brokers: TLS, and the login is in the secret kafka-login. @default those of this stack */
  external: externalSchema.optional(),
  /** Both are in milliseconds; a retry of a send comes on top. */
  connection_timeout_ms: z.int().min(100).max(60_000).default(3_000),
  request_timeout_ms: z.int().min(1_000).max(60_000).default(8_000),
});
export type KafkaConnection = z.infer<typeof kafkaConnectionSchema>;

/** With whom to log in as. */
export type KafkaLoginConnection = KafkaConnection & { readonly username: string };

export interface KafkaClientOptions {
  readonly clientId: string;
  readonly connection: KafkaLoginConnection;
  readonly password: string;
  readonly logger: Logger;
}

/** kafkajs sets no TCP_NODELAY: without it a small request may wait for the acknowledgement of the last. */
export const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const socket: Socket = ssl ? openTls(host, port, ssl, onConnect) : connect({ host, port }, onConnect);
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  socket.setNoDelay(true);
  // kafkajs ends what it has given up. One that still connects would do so when the network is back, and its end would then
  // break the connection that has taken its place.
  const end = socket.end.bind(socket);
  socket.end = ((...last: []) => (socket.connecting ? socket.destroy() : end(...last))) as Socket['end'];
  return socket;
};

/** One address after the other, the first one anew after the last: a client that begins does not always ask the same broker. */
function inTurn(addresses: readonly string[]): () => string {
  let next = 0;
  return () => addresses[next++ % addresses.length]!;
}

/** An address has no name to ask for, and is compared with the addresses of the certificate all the same. */
const openTls = (host: string, port: number, ssl: ConnectionOptions, onConnect: () => void): Socket =>
  connectTls({ ...ssl, host, port, ...(isIP(host) ? {} : { servername: host }) }, onConnect);

/** Certificate and host name are verified: what Node.js does unless it is told otherwise. */
export const tlsOptions = ({ ca_file: file }: External): ConnectionOptions => ({
  minVersion: 'TLSv1.2',
  ...(file === undefined ? {} : { ca: readFileSync(file) }),
});

export function createKafka(options: KafkaClientOptions): Kafka {
  quietPendingRequestTimer();
  guardHeartbeat();
  guardSilence(options.connection.brokers);
  const nextBroker = inTurn(options.connection.brokers);
  return new Kafka({
    clientId: options.clientId,
    brokers: () => [nextBroker()],
    ...(options.connection.external && { ssl: tlsOptions(options.connection.external) }),
    sasl: { mechanism: 'scram-sha-512', username: options.connection.username, password: options.password },
    connectionTimeout: options.connection.connection_timeout_ms,
    requestTimeout: options.connection.request_timeout_ms,
    authenticationTimeout: options.connection.request_timeout_ms,
    enforceRequestTimeout: true,
    // Rides over a short restart of the broker (some 6 s); longer outages are the caller's to retry and to report.
    retry: { initialRetryTime: 100, multiplier: 2, maxRetryTime: 1_500, retries: 6 },
    socketFactory,
    logLevel: logLevel.WARN,
    logCreator: kafkaLogCreator(options.logger),
  });
}

import { connect } from 'node:net';
import { Kafka, logLevel, type ISocketFactory } from 'kafkajs';
import { z } from 'zod';
import { guardHeartbeat } from './kafka-heartbeat-guard';
import { quietPendingRequestTimer } from './kafka-timer';
import { kafkaLogCreator, type Logger } from './log';

/** Below the 900 s after which a load balancer or a firewall forgets an idle flow. */
const TCP_KEEP_ALIVE_MS = 60_000;

export const kafkaConnectionSchema = z.strictObject({
  brokers: z.array(z.string().regex(/^[^\s:]+:\d+$/, 'must be host:port')).min(1),
  username: z.string().min(1),
  /** Both are in milliseconds; a retry of a send comes on top. */
  connection_timeout_ms: z.int().min(100).max(60_000).default(3_000),
  request_timeout_ms: z.int().min(1_000).max(60_000).default(8_000),
});
export type KafkaConnection = z.infer<typeof kafkaConnectionSchema>;

export interface KafkaClientOptions {
  readonly clientId: string;
  readonly connection: KafkaConnection;
  readonly password: string;
  readonly logger: Logger;
}

/** kafkajs sets no TCP_NODELAY: without it a small request may wait for the acknowledgement of the last. */
export const socketFactory: ISocketFactory = ({ host, port, onConnect }) => {
  const socket = connect({ host, port }, onConnect);
  socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
  socket.setNoDelay(true);
  return socket;
};

export function createKafka(options: KafkaClientOptions): Kafka {
  quietPendingRequestTimer();
  guardHeartbeat();
  return new Kafka({
    clientId: options.clientId,
    brokers: [...options.connection.brokers],
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

/** Clients of the rig on this machine, through the ports that are published on loopback. */
import { connect } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import { MongoClient } from 'mongodb';
import { quietPendingRequestTimer } from '../../services/common/kafka-timer';

export type KafkaUser = 'admin' | 'producer' | 'processor';
export type MongoUser = 'admin' | 'processor';

export function kafkaClient(port: number, user: KafkaUser, password: string): Kafka {
  quietPendingRequestTimer();
  return new Kafka({
    clientId: `metals-rig-${user}`,
    // The broker says that it is kafka:9092, which is nothing on this machine: every connection goes to the port.
    brokers: ['kafka:9092'],
    socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port, noDelay: true }, onConnect),
    sasl: { mechanism: 'scram-sha-512', username: user, password },
    retry: { initialRetryTime: 100, maxRetryTime: 1_500, retries: 8 },
    logLevel: logLevel.NOTHING,
  });
}

export function mongoClient(port: number, user: MongoUser, password: string): MongoClient {
  return new MongoClient(`mongodb://127.0.0.1:${port}/`, {
    auth: { username: user, password },
    authSource: 'admin',
    authMechanism: 'SCRAM-SHA-256',
    directConnection: true,
    serverSelectionTimeoutMS: 10_000,
  });
}

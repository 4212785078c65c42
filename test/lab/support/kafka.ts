/** Kafka as a client outside the overlays sees it. */
import { connect } from 'node:net';
import { Kafka, logLevel, type KafkaConfig } from 'kafkajs';
import { inNode, type Task } from './nodes';
import type { Tunnel } from './tunnel';

/** The broker calls itself kafka:9092, which resolves on the overlay alone: every connection goes through the tunnel. */
export async function topics(tunnel: Tunnel, sasl?: KafkaConfig['sasl']): Promise<string[]> {
  const admin = new Kafka({
    clientId: 'lab-test',
    brokers: ['kafka:9092'],
    sasl,
    retry: { retries: 0 },
    connectionTimeout: 5000,
    requestTimeout: 5000,
    logLevel: logLevel.NOTHING,
    socketFactory: ({ onConnect }) => connect({ host: '127.0.0.1', port: tunnel.port }, onConnect),
  }).admin();
  try {
    await admin.connect();
    return await admin.listTopics();
  } finally {
    await admin.disconnect();
  }
}

export const scram = (username: string, password: string): KafkaConfig['sasl'] => ({
  mechanism: 'scram-sha-512',
  username,
  password,
});

/** What Kafka's own tool says to the broker of a task, whose listener on loopback asks for no login. */
export function askBroker(task: Task, tool: string, ...args: readonly string[]): Promise<string> {
  const line = `java -Xmx96m -cp '/opt/kafka/libs/*' ${tool} --bootstrap-server 127.0.0.1:9094 ${args.join(' ')}`;
  return inNode(task.node, ['docker', 'exec', task.container, 'bash', '-c', line]);
}

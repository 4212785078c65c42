/** Brokers that accept connections and do not answer, as on a node that stands still. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import Encoder from 'kafkajs/src/protocol/encoder';
import { guardSilence } from '../../../services/common/kafka-silence-guard';

const API_VERSIONS = 18;
const METADATA = 3;

/** Answers the first request of a connection, and no other one. */
function answerFirst(socket: Socket, request: Buffer): void {
  if (request.readInt16BE(4) !== API_VERSIONS) return;
  const supported = [API_VERSIONS, METADATA].map((key) => new Encoder().writeInt16(key).writeInt16(0).writeInt16(2));
  const body = new Encoder().writeInt32(request.readInt32BE(8)).writeInt16(0).writeArray(supported).writeInt32(0);
  socket.write(new Encoder().writeInt32(body.buffer.length).buffer);
  socket.write(body.buffer);
}

interface Asked {
  readonly servers: readonly Server[];
  readonly brokers: string[];
  /** What was asked of which broker, by its key. */
  readonly requests: (readonly [broker: number, apiKey: number])[];
  readonly closed: number[];
}

async function brokersOf(...behaviours: ((socket: Socket, request: Buffer) => void)[]): Promise<Asked> {
  const requests: Asked['requests'] = [];
  const closed: number[] = [];
  const servers = behaviours.map((behave, index) =>
    createServer((socket) => {
      socket.on('error', () => undefined).on('close', () => closed.push(index));
      socket.on('data', (request) => {
        requests.push([index, request.readInt16BE(4)]);
        behave(socket, request);
      });
    }).listen(0, '127.0.0.1'),
  );
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const brokers = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`);
  return { servers, brokers, requests, closed };
}

const adminOf = ({ brokers }: Asked, retries: number) =>
  new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    requestTimeout: 200,
    retry: { retries, initialRetryTime: 10 },
  }).admin();

const silent = (): void => undefined;

describe('guardSilence', () => {
  beforeAll(() => guardSilence());
  let asked: Asked;
  afterEach(() => asked.servers.forEach((server) => server.close()));

  test('a new client goes on to the next address', async () => {
    asked = await brokersOf(silent, answerFirst);
    const admin = adminOf(asked, 1);
    await admin.connect().catch(() => undefined);
    expect(asked.requests.slice(0, 2)).toEqual([
      [0, API_VERSIONS],
      [1, API_VERSIONS],
    ]);
    await admin.disconnect();
    expect(asked.closed).toContain(0);
  });

  test('a request without an answer ends its connection, and says whom it has asked', async () => {
    asked = await brokersOf(answerFirst);
    const admin = adminOf(asked, 0);
    await admin.connect();
    const failure = await admin.fetchTopicMetadata({ topics: ['t'] }).catch((error: Error) => error);
    expect(failure).toMatchObject({ message: expect.stringMatching(/^Request Metadata\(.*\) timed out$/) });
    const [host, port] = asked.brokers[0]!.split(':');
    const causes = [failure, (failure as Error).cause];
    expect(causes).toContainEqual(
      expect.objectContaining({ name: 'KafkaJSConnectionClosedError', host, port: Number(port) }),
    );
    while (asked.closed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await admin.disconnect();
  });
});

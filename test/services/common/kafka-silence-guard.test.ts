/** Brokers that accept connections and do not answer, as on a node that stands still. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Kafka, logLevel, type KafkaConfig } from 'kafkajs';
import Connection from 'kafkajs/src/network/connection';
import Encoder from 'kafkajs/src/protocol/encoder';
import { guardSilence } from '../../../services/common/kafka-silence-guard';

const API_VERSIONS = 18;
const METADATA = 3;
const JOIN_GROUP = 11;
const SASL_HANDSHAKE = 17;
const SASL_AUTHENTICATE = 36;

/** Answers ApiVersions, and nothing else. */
function answerVersions(socket: Socket, request: Buffer): void {
  if (request.readInt16BE(4) !== API_VERSIONS) return;
  const supported = [API_VERSIONS, METADATA, SASL_HANDSHAKE, SASL_AUTHENTICATE].map((key) =>
    new Encoder().writeInt16(key).writeInt16(0).writeInt16(2),
  );
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

const adminOf = ({ brokers }: Asked, retries: number, more: Partial<KafkaConfig> = {}) =>
  new Kafka({
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    requestTimeout: 200,
    retry: { retries, initialRetryTime: 10 },
    ...more,
  }).admin();

/** The connections' own defaults. */
const SOCKETS = {
  connectionTimeout: 1_000,
  socketFactory: ({ host, port, onConnect }: { host: string; port: number; onConnect: () => void }) =>
    connect({ host, port }, onConnect),
};

const silent = (): void => undefined;

describe('guardSilence', () => {
  beforeAll(() => guardSilence(['kafka:9092', 'kafka-2:9092']));
  let asked: Asked;
  afterEach(() => asked.servers.forEach((server) => server.close()));

  test('a new client goes on to the next address', async () => {
    asked = await brokersOf(silent, answerVersions);
    const admin = adminOf(asked, 1);
    await admin.connect().catch(() => undefined);
    expect(asked.requests.slice(0, 2)).toEqual([
      [0, API_VERSIONS],
      [1, API_VERSIONS],
    ]);
    await admin.disconnect();
    expect(asked.closed).toContain(0);
  });

  test('one address alone is left to whoever asks, after one attempt', async () => {
    asked = await brokersOf(silent);
    guardSilence(asked.brokers);
    await expect(adminOf(asked, 6).connect()).rejects.toThrow(/ApiVersions.*timed out/);
    expect(asked.requests).toEqual([[0, API_VERSIONS]]);
  });

  test('a broker that is silent once it is to log somebody in is passed over as well', async () => {
    asked = await brokersOf(answerVersions, silent);
    const sasl = { mechanism: 'plain', username: 'u', password: 'p' } as const;
    const admin = adminOf(asked, 1, { sasl });
    await admin.connect().catch(() => undefined);
    expect(asked.requests.slice(0, 3)).toEqual([
      [0, API_VERSIONS],
      [0, SASL_HANDSHAKE],
      [1, API_VERSIONS],
    ]);
    await admin.disconnect();
  });

  test('what waits behind a request that may take longer fails alone', async () => {
    asked = await brokersOf(answerVersions);
    const [host, port] = asked.brokers[0]!.split(':');
    const logger = new Kafka({ brokers: asked.brokers, logLevel: logLevel.NOTHING }).logger();
    const connection = new Connection({
      host,
      port: Number(port),
      clientId: 'c',
      requestTimeout: 100,
      logger,
      ...SOCKETS,
    });
    await connection.connect();
    const call = (apiKey: number, requestTimeout?: number) =>
      connection
        .send({
          request: { apiKey, apiName: `${apiKey}`, apiVersion: 0, encode: async () => new Encoder() },
          response: { decode: async (data) => data, parse: async (data) => data },
          requestTimeout,
        })
        .then(
          () => 'answered',
          ({ name }: Error) => name,
        );
    const joining = call(JOIN_GROUP, 500);
    expect(await call(METADATA)).toBe('KafkaJSRequestTimeoutError');
    expect(connection.isConnected()).toBe(true);
    expect(await joining).toBe('KafkaJSConnectionClosedError');
    while (asked.closed.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  test('a request without an answer ends its connection, and says whom it has asked', async () => {
    asked = await brokersOf(answerVersions);
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

import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import Broker from 'kafkajs/src/broker';
import ConnectionPool from 'kafkajs/src/network/connectionPool';
import { createKafka, socketFactory, tlsOptions } from '../../../services/common/kafka';
import { createLogger, errorText } from '../../../services/common/log';
import { createMongoClient, mongoConnectionSchema } from '../../../services/common/mongo';
import { temporaryFolder } from './temporary-folder';
import { createAuthority, serveTls } from './tls-server';

const authority = createAuthority();
const other = createAuthority();
const external = (ca_file: string | undefined) => (ca_file === undefined ? {} : { ca_file });

const kafkaAt = (broker: string, ca_file?: string) =>
  createKafka({
    clientId: 'test',
    connection: {
      brokers: [broker],
      username: 'u',
      external: external(ca_file),
      connection_timeout_ms: 5_000,
      request_timeout_ms: 1_000,
    },
    password: 'p',
    logger: createLogger('test', '0', 'silent'),
  });

/** What is told of one connection to a broker, made as createKafka's are, without its repetitions. */
async function askKafka(host: string, port: number, ca_file?: string): Promise<string> {
  const logger = kafkaAt(`${host}:${port}`).logger();
  const ssl = tlsOptions(external(ca_file));
  const sasl = { mechanism: 'scram-sha-512', username: 'u', password: 'p' } as const;
  const connectionPool = new ConnectionPool({
    ...{ host, port, ssl, sasl, socketFactory, logger },
    ...{ clientId: 'test', connectionTimeout: 5_000, requestTimeout: 1_000 },
  });
  const broker = new Broker({ connectionPool, logger, authenticationTimeout: 1_000 });
  try {
    await broker.connect();
    return 'connected';
  } catch (error) {
    return errorText(error);
  } finally {
    await broker.disconnect();
  }
}

async function askMongo(host: string, port: number, ca_file?: string): Promise<string> {
  const connection = mongoConnectionSchema.parse({ external: external(ca_file), timeout_ms: 1_500 });
  const client = createMongoClient(connection, `mongodb://u:secret@${host}:${port}/?directConnection=true`);
  try {
    await client.db('metals').command({ ping: 1 });
    return 'connected';
  } catch (error) {
    return errorText(error);
  } finally {
    await client.close();
  }
}

describe.each([
  ['Kafka', askKafka, 'kafkaCa', 'kafkaBootstrap'],
  ['MongoDB', askMongo, 'mongodbCa', 'the URI in the secret mongodb-uri'],
] as const)('%s over TLS', (_, ask, caSetting, addressSetting) => {
  test('a CA that has not signed it, and none at all, are told with the setting that is to be corrected', async () => {
    const server = await serveTls(authority.sign('DNS:localhost'));
    const expected = expect.stringMatching(
      new RegExp(
        `^localhost:${server.port} shows a certificate that no trusted authority has signed \\([A-Z_]+\\): ` +
          `set ${caSetting} to the file of its CA$`,
      ),
    );
    expect(await ask('localhost', server.port)).toEqual(expected);
    expect(await ask('localhost', server.port, other.caFile)).toEqual(expected);
    await server.close();
  });

  test('a certificate for another host name is refused, and told with the names that it has', async () => {
    const server = await serveTls(authority.sign('DNS:b-1.example.com'));
    expect(await ask('localhost', server.port, authority.caFile)).toBe(
      `localhost:${server.port} shows a certificate for another host, DNS:b-1.example.com ` +
        `(ERR_TLS_CERT_ALTNAME_INVALID): correct the host name in ${addressSetting}`,
    );
    await server.close();
  });

  test('with its CA and its name the handshake is done, and bytes of its protocol arrive', async () => {
    let received = 0;
    const server = await serveTls(authority.sign('DNS:localhost'), (data) => (received += data.length));
    await ask('localhost', server.port, authority.caFile);
    expect(received).toBeGreaterThan(0);
    await server.close();
  });

  test('a port that speaks no TLS', async () => {
    const plain = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('this is no TLS at all\n');
      socket.destroySoon();
    });
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    const { port } = plain.address() as AddressInfo;
    expect(await ask('localhost', port, authority.caFile)).toMatch(
      new RegExp(
        `^localhost:${port} does not speak TLS on that port \\(\\w+\\): correct the port in ${addressSetting}$`,
      ),
    );
    plain.close();
  });

  test('a server that hangs up, as Kafka and MongoDB do on a port without TLS', async () => {
    const silent = createServer((socket) => void socket.once('data', () => socket.destroy()));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    expect(await ask('localhost', port, authority.caFile)).toBe(
      `localhost:${port} hangs up instead of speaking TLS: correct the port in ${addressSetting}, unless it is just starting`,
    );
    silent.close();
  });

  test('a host name that nobody knows', async () => {
    expect(await ask('nowhere.invalid', 9096)).toBe(
      `the host name nowhere.invalid is not known: correct ${addressSetting}`,
    );
  });
});

test('a host of the own stack keeps its text: it is unknown only while its service is away', () => {
  const error = Object.assign(new Error('getaddrinfo ENOTFOUND kafka'), { code: 'ENOTFOUND', hostname: 'kafka' });
  expect(errorText(error)).toBe('getaddrinfo ENOTFOUND kafka');
});

test('a client made by createKafka verifies too, with all certificates of its CA file', async () => {
  const bundle = join(temporaryFolder(), 'bundle.pem');
  writeFileSync(bundle, readFileSync(other.caFile, 'utf8') + readFileSync(authority.caFile, 'utf8'));
  const server = await serveTls(authority.sign('DNS:b-1.example.com'));
  const admin = kafkaAt(`localhost:${server.port}`, bundle).admin();
  const told = await admin.connect().then(() => 'connected', errorText);
  expect(told).toContain('shows a certificate for another host, DNS:b-1.example.com');
  await admin.disconnect();
  await server.close();
}, 30_000);

import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { boundCalls, clientConfig, proxyOf, type CallBounds } from '../../lib/aws-client';
import { startRecordingProxy } from './recording-proxy';

const PROXY = 'http://proxy.example:3128';

test.each([
  [{ HTTPS_PROXY: PROXY }, PROXY],
  [{ https_proxy: PROXY }, PROXY],
  [{ HTTPS_PROXY: '' }, undefined],
  [{ HTTPS_PROXY: PROXY, NO_PROXY: 'localhost,.amazonaws.com' }, undefined],
  [{ HTTPS_PROXY: PROXY, no_proxy: '*' }, undefined],
  [{ HTTPS_PROXY: PROXY, NO_PROXY: 'localhost,.example' }, PROXY],
])('%j leads to AWS by %s', (env, expected) => expect(proxyOf({ endpoint: undefined, env })).toBe(expected));

test('the lab is on this machine: no proxy leads there', async () => {
  const endpoint = 'http://127.0.0.1:4566';
  expect(proxyOf({ endpoint, env: { HTTPS_PROXY: PROXY } })).toBeUndefined();
  expect(await clientConfig({ region: 'eu-west-1', profile: undefined, endpoint, env: {} })).not.toHaveProperty(
    'requestHandler',
  );
});

test('behind a proxy the SDK asks the proxy for a way to AWS', async () => {
  const proxy = await startRecordingProxy();
  const env = { HTTPS_PROXY: proxy.url };
  const config = await clientConfig({ region: 'eu-west-1', profile: undefined, endpoint: undefined, env });
  const sts = new STSClient({
    ...config,
    maxAttempts: 1,
    endpoint: 'https://sts.eu-west-1.amazonaws.com',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'unit-test' },
  });
  await expect(sts.send(new GetCallerIdentityCommand({}))).rejects.toThrow();
  expect(proxy.requests).toEqual(['CONNECT sts.eu-west-1.amazonaws.com:443 HTTP/1.1']);
  sts.destroy();
  await proxy.close();
});

test('no client of the command line is made past clientConfig', () => {
  const made = ['cli', 'preflight'].flatMap((folder) => {
    const root = join(__dirname, '../../lib', folder);
    return (readdirSync(root, { recursive: true, encoding: 'utf8' }) as string[])
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(join(root, name), 'utf8').match(/new \w+Client\([^)]*\)/g) ?? []);
  });
  expect(made.length).toBeGreaterThan(8);
  expect(made.filter((text) => !/\((config|\{ \.\.\.config\b[^}]*\})\)$/.test(text))).toEqual([]);
});

describe('an endpoint that accepts and never answers', () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  const client = (bounds: CallBounds): STSClient =>
    boundCalls(
      new STSClient({
        region: 'eu-west-1',
        maxAttempts: 1,
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
      }),
      bounds,
    );
  beforeAll(() => new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready)));
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const ask = (bounds: CallBounds): Promise<unknown> => client(bounds).send(new GetCallerIdentityCommand({}));

  test('is left after the time-out', async () => {
    const asked = ask({ signal: new AbortController().signal, timeoutSeconds: 0.3 });
    await expect(asked).rejects.toMatchObject({
      name: 'DeadlineError',
      reason: "AWS's answer to GetCallerIdentity",
      timeoutSeconds: 0.3,
    });
  });

  test('is left at once when interrupted, before or after the question', async () => {
    const controller = new AbortController();
    const asked = ask({ signal: controller.signal });
    setTimeout(() => controller.abort(), 300);
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    await expect(ask({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

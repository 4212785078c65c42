import { readContext } from '../../../lib/cli/context';
import { readSecretVersions } from '../../../lib/cli/secret-versions';
import { startRecordingProxy, type RecordingProxy } from '../recording-proxy';
import { fakeIo } from './fake-io';

const KEYS = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'unit-test' };
const before = { ...process.env };
// The SDK looks for credentials in the environment of the process.
beforeEach(() => void Object.assign(process.env, KEYS));
const open: RecordingProxy[] = [];
afterEach(async () => {
  process.env = { ...before };
  for (const proxy of open.splice(0)) await proxy.close();
});

test('behind a proxy the versions of secrets are asked for through it', async () => {
  const proxy = await startRecordingProxy();
  open.push(proxy);
  const io = fakeIo({ HTTPS_PROXY: proxy.url });
  const context = readContext({ color: false }, io, new AbortController().signal);
  await expect(readSecretVersions(context, 'eu-west-1')).rejects.toThrow();
  expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT secretsmanager.eu-west-1.amazonaws.com:443 HTTP/1.1']));
});

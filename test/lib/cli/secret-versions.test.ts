import { readContext } from '../../../lib/cli/context';
import { readSecretVersions, versionsSetting } from '../../../lib/cli/secret-versions';
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

describe('the setting', () => {
  test('is that of cdk deploy as long as what was deployed is current', () => {
    expect(versionsSetting(['v1', 'v2', 'v3'], 'v1,v2,v3,none')).toBe('none');
  });

  test.each([
    ['a secret has another version', 'v1,v0,v3,none'],
    ['a change was taken up already', 'v1,v0,v3,0123456789abcdef'],
    ['nothing is known of what was deployed', undefined],
  ])('is a digest of the current versions where %s', (_what, deployed) => {
    const setting = versionsSetting(['v1', 'v2', 'v3'], deployed);
    expect(setting).toMatch(/^[0-9a-f]{16}$/);
    expect(versionsSetting(['v1', 'v2', 'v3'], `v1,v0,v3,${setting}`)).toBe(setting);
    expect(versionsSetting(['v1', 'v2', 'v4'], deployed)).not.toBe(setting);
  });
});

test('behind a proxy the versions of secrets are asked for through it', async () => {
  const proxy = await startRecordingProxy();
  open.push(proxy);
  const io = fakeIo({ HTTPS_PROXY: proxy.url });
  const context = readContext({ color: false }, io, new AbortController().signal);
  await expect(readSecretVersions(context, 'eu-west-1')).rejects.toThrow();
  expect(new Set(proxy.requests)).toEqual(new Set(['CONNECT secretsmanager.eu-west-1.amazonaws.com:443 HTTP/1.1']));
});

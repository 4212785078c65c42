/** An archive as the CDK uploads it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { unpack } from '../../../lib/cli/deployed-bundle';
import { readConfig } from '../../../lib/config';
import { StackBundle } from '../../../lib/constructs/stack-bundle';

const outdir = mkdtempSync(join(tmpdir(), 'metals-deployed-bundle-'));
afterAll(() => rmSync(outdir, { recursive: true }));

function archive(): { readonly bytes: Buffer; readonly sha256: string } {
  const stack = new Stack(new App({ outdir }), 'test');
  const config = readConfig({ account: '000000000000', region: 'eu-west-1' }, {});
  const { asset, sha256 } = new StackBundle(stack, 'Bundle', { config });
  return { bytes: readFileSync(join(outdir, asset.assetPath)), sha256 };
}

test('its files, by their paths', () => {
  const { bytes, sha256 } = archive();
  const files = unpack(bytes, sha256);
  expect([...files.keys()]).toEqual(expect.arrayContaining(['stack.yml', 'settings.env', 'config/tools.yml']));
  expect(files.get('settings.env')).toContain('METALS_KAFKA_BROKERS=1\n');
});

test('another one than was deployed is refused', () => {
  const { bytes } = archive();
  expect(() => unpack(bytes, createHash('sha256').update('x').digest('hex'))).toThrow(/SHA-256 [0-9a-f]{64}, not /);
});

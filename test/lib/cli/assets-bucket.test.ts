/** An archive as the CDK uploads it, and a template as it is put there. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { App, Stack } from 'aws-cdk-lib';
import { mockClient } from 'aws-sdk-client-mock';
import { putTemplate, readBundle, unpack } from '../../../lib/cli/assets-bucket';
import { readContext } from '../../../lib/cli/context';
import { readConfig } from '../../../lib/config';
import { StackBundle } from '../../../lib/constructs/stack-bundle';
import { fakeIo, LAB_ENV } from './fake-io';

const s3 = mockClient(S3Client);
const outdir = mkdtempSync(join(tmpdir(), 'metals-assets-bucket-'));
const context = readContext({ color: false }, fakeIo(LAB_ENV), new AbortController().signal);
const stack = new Stack(new App({ outdir }), 'test');
const { asset, sha256 } = new StackBundle(stack, 'Bundle', {
  config: readConfig({ account: '000000000000', region: 'eu-west-1' }, {}),
});
const archive = readFileSync(join(outdir, asset.assetPath));

beforeEach(() => s3.reset());
afterAll(() => rmSync(outdir, { recursive: true }));

const read = (BundleSha256 = sha256) =>
  readBundle(context, 'eu-west-1', { BundleBucket: 'assets', BundleKey: 'b.gz', BundleSha256 });
const answers = (bytes: Uint8Array) =>
  s3.on(GetObjectCommand).resolves({ Body: { transformToByteArray: () => Promise.resolve(bytes) } as never });

test('the files of a bundle, by their paths', async () => {
  answers(archive);
  const files = unpack(archive);
  expect([...files.keys()]).toEqual(expect.arrayContaining(['stack.yml', 'settings.env', 'config/tools.yml']));
  expect(files.get('settings.env')).toContain('METALS_KAFKA_BROKERS=1\n');
  expect(await read()).toEqual(files);
});

test('another one than was deployed is none', async () => {
  answers(archive);
  expect(await read('0'.repeat(64))).toEqual({
    why: `s3://assets/b.gz has SHA-256 ${sha256}, not ${'0'.repeat(64)}: somebody has changed it`,
  });
});

test.each([
  ['NoSuchKey', 's3://assets/b.gz is no longer there'],
  ['NoSuchBucket', 's3://assets/b.gz is no longer there'],
  ['AccessDenied', 's3://assets/b.gz is no longer there, or these credentials may not read it'],
])('%s: why there is none', async (name, why) => {
  s3.on(GetObjectCommand).rejects(Object.assign(new Error('no'), { name }));
  expect(await read()).toEqual({ why });
});

test('any other failure is one', async () => {
  s3.on(GetObjectCommand).rejects(new Error('InternalError'));
  await expect(read()).rejects.toThrow('InternalError');
});

test.each([
  ['eu-west-1', /^https:\/\/s3\.eu-west-1\.amazonaws\.com\/assets\/metals\/lab\/rollback\/[0-9a-f]{64}\.json$/],
  ['cn-north-1', /^https:\/\/s3\.cn-north-1\.amazonaws\.com\.cn\/assets\//],
])('a template in %s is where CloudFormation reads it', async (region, url) => {
  s3.on(PutObjectCommand).resolves({});
  expect(await putTemplate(context, region, 'assets', '{}')).toMatch(url);
  expect(s3.commandCalls(PutObjectCommand)[0]!.args[0].input).toMatchObject({ Bucket: 'assets', Body: '{}' });
});

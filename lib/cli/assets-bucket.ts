/** The bucket that `cdk deploy` puts bundles and templates in. */
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import { isRefusal } from '../aws-errors';
import { assetPrefix } from '../contract';
import type { Files } from './bundle-differences';
import { clientsOf } from './clients';
import type { Context } from './context';

/** Far above any: they have some 100 KB. */
const MOST_BYTES = 32 * 2 ** 20;

async function connectToBuckets(context: Context, region: string): Promise<S3Client> {
  const s3 = (await clientsOf(context, region))(S3Client);
  // In the lab buckets have no names in DNS.
  s3.config.forcePathStyle = context.endpoint !== undefined;
  return s3;
}

/** A bundle, or why there is none. */
export type ReadBundle = Files | { readonly why: string };

/** @param parameters of stack-deploy */
export async function readBundle(
  context: Context,
  region: string,
  { BundleBucket, BundleKey, BundleSha256 }: Readonly<Record<string, string>>,
): Promise<ReadBundle> {
  const place = `s3://${BundleBucket}/${BundleKey}`;
  const s3 = await connectToBuckets(context, region);
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: BundleBucket, Key: BundleKey }));
    const archive = await Body!.transformToByteArray();
    const measured = createHash('sha256').update(archive).digest('hex');
    if (measured === BundleSha256) return unpack(archive);
    return { why: `${place} has SHA-256 ${measured}, not ${BundleSha256}: somebody has changed it` };
  } catch (error) {
    const { name } = error as Error;
    if (name === 'NoSuchKey' || name === 'NoSuchBucket') return { why: `${place} is no longer there` };
    // Whoever may not list the bucket is told the same of an object that is not there.
    if (isRefusal(error)) return { why: `${place} is no longer there, or these credentials may not read it` };
    throw error;
  } finally {
    s3.destroy();
  }
}

/** Pure: its files. */
export function unpack(archive: Uint8Array): Files {
  const files = new Map<string, string>();
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry: ReadEntry) => {
      const chunks: Buffer[] = [];
      entry.on('data', (chunk: Buffer) => chunks.push(chunk));
      entry.on('end', () => {
        if (entry.type === 'File') files.set(entry.path.replace(/^\.\//, ''), Buffer.concat(chunks).toString('utf8'));
      });
    },
  });
  parser.end(gunzipSync(archive, { maxOutputLength: MOST_BYTES }));
  return files;
}

/** Puts a template where CloudFormation reads it, as `cdk deploy` does: in a call it may have 51,200 bytes only. @returns its URL */
export async function putTemplate(context: Context, region: string, bucket: string, template: string): Promise<string> {
  const s3 = await connectToBuckets(context, region);
  const sha256 = createHash('sha256').update(template).digest('hex');
  const key = `${assetPrefix(context.stage)}rollback/${sha256}.json`;
  try {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: template, ContentType: 'application/json' }));
  } finally {
    s3.destroy();
  }
  return `https://s3.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}/${bucket}/${key}`;
}

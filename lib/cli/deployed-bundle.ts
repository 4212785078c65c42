/** Reads a bundle that was deployed, out of the bucket that `cdk deploy` has put it in. */
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';
import type { Files } from './bundle-differences';
import { clientsOf } from './clients';
import type { Context } from './context';

/** Far above any: they have some 100 KB. */
const MOST_BYTES = 32 * 2 ** 20;

/** @param parameters of stack-deploy @returns undefined where it is no longer there */
export async function readBundle(
  context: Context,
  region: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Files | undefined> {
  const makeClient = await clientsOf(context, region);
  // In the lab buckets have no names in DNS.
  const s3 = makeClient(S3Client);
  s3.config.forcePathStyle = context.endpoint !== undefined;
  try {
    const { Body } = await s3.send(
      new GetObjectCommand({ Bucket: parameters.BundleBucket, Key: parameters.BundleKey }),
    );
    return unpack(await Body!.transformToByteArray(), parameters.BundleSha256!);
  } catch (error) {
    if ((error as Error).name === 'NoSuchKey') return undefined;
    throw error;
  } finally {
    s3.destroy();
  }
}

/** Pure. @throws Error where the archive is another one */
export function unpack(archive: Uint8Array, sha256: string): Files {
  const measured = createHash('sha256').update(archive).digest('hex');
  if (measured !== sha256) throw new Error(`the bundle in the bucket has SHA-256 ${measured}, not ${sha256}`);
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

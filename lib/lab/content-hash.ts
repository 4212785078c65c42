/** Hashes of what an image is made from, so that an unchanged image is never built again. */
import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Pure: twelve hex digits over the parts, each kept apart from its neighbours. */
export function contentHash(parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex').slice(0, 12);
}

/** Names, executable bits and contents of all files below a directory, in a fixed order. */
export function directoryHash(directory: string): string {
  const parts: (string | Buffer)[] = [];
  for (const name of (readdirSync(directory, { recursive: true }) as string[]).sort()) {
    const file = path.join(directory, name);
    const stat = lstatSync(file);
    if (!stat.isFile()) continue;
    parts.push(name.split(path.sep).join('/'), stat.mode & 0o100 ? 'executable' : 'plain', readFileSync(file));
  }
  return contentHash(parts);
}

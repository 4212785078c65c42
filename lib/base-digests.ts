/**
 * Digests of the base images, by reference: tags move, a digest does not. A reference without one is used by its tag;
 * `./bin/metals images` shows which those are, and `--update` pins them. They hold for deployments on AWS: the lab
 * pulls by tag.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { z } from 'zod';
import { REPOSITORY } from './repository';

/** Path in the repository, as messages name it. */
export const BASE_DIGESTS_FILE = 'lib/base-digests.json';
const FILE = path.join(REPOSITORY, BASE_DIGESTS_FILE);

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const fileSchema = z.record(z.string(), z.string().regex(DIGEST));

/** `mongo:8.0` -> `sha256:…`. */
export type BaseDigests = Readonly<Record<string, string | undefined>>;

/** @throws Error naming the file and the first problem in it */
export function readBaseDigests(file = FILE): BaseDigests {
  const result = fileSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (result.success) return result.data;
  const { path: where, message } = result.error.issues[0]!;
  throw new Error(
    `${BASE_DIGESTS_FILE}: ${where.join('.')}: ${message}; restore it: git checkout ${BASE_DIGESTS_FILE}`,
  );
}

/** Replaces the whole file: an image that is no longer a base leaves nothing behind. */
export function writeBaseDigests(digests: BaseDigests, file = FILE): void {
  const sorted = Object.fromEntries(Object.entries(digests).sort(([a], [b]) => a.localeCompare(b)));
  writeFileSync(file, `${JSON.stringify(fileSchema.parse(sorted), null, 2)}\n`);
}

/** `mongo:8.0@sha256:…`; Docker goes by the digest, people read the tag. */
export function pinnedReference(reference: string, digests = readBaseDigests()): string {
  const digest = digests[reference];
  return digest === undefined ? reference : `${reference}@${digest}`;
}

/** Pure: the digest of a reference among an image's RepoDigests, `mongo@sha256:…`, or undefined. */
export function digestOf(reference: string, repoDigests: readonly string[]): string | undefined {
  const repository = reference.replace(/:[^:/]+$/, '');
  const names = [repository, `docker.io/${repository}`, `docker.io/library/${repository}`];
  const found = repoDigests.map((entry) => entry.split('@')).find(([name = '']) => names.includes(name));
  return found?.[1] !== undefined && DIGEST.test(found[1]) ? found[1] : undefined;
}

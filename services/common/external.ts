/** An engine that somebody else runs, Kafka or MongoDB outside this stack: reached by TLS alone, its login in a secret. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';

export const externalSchema = z.strictObject({
  /** PEM file of the authorities that sign its certificates. @default the public ones that Node.js brings */
  ca_file: z.string().startsWith('/', 'must be an absolute path').optional(),
});
export type External = z.infer<typeof externalSchema>;

/** Of a connection, what tells whether it is to somebody else's engine. */
export interface MaybeExternal {
  readonly external?: External;
}

/** Of a configuration, whose engines it is for. */
export interface Engines {
  readonly kafka?: MaybeExternal | null;
  readonly mongodb?: MaybeExternal | null;
}

/** Secrets by the name of their file, which may end with a principal. */
export type Secrets = Readonly<Record<string, string>>;

/** Those of which the name of the file begins so. */
export const secretsNamed = (secrets: Secrets, start: string): [string, string][] =>
  Object.entries(secrets).filter(([name]) => name.startsWith(start));

/** What an own engine needs, and an external one does not. */
export const missing = (key: string, value: string | undefined): string[] =>
  value === undefined ? [`${key}: is required where the engine is not external (got nothing)`] : [];

/** What keeps the CA file from being used. */
export function caProblems(key: string, { ca_file: file }: External): string[] {
  if (file === undefined) return [];
  try {
    new X509Certificate(readFileSync(file));
    return [];
  } catch (error) {
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : 'it holds no certificate';
    return [`${key}.external.ca_file: ${why}: ${file}`];
  }
}

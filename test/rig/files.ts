/** Passwords and configurations of a rig, in a directory that only its owner may enter. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';

const NAMES = [
  'kafka-password-admin',
  'kafka-password-producer',
  'kafka-password-processor',
  'mongodb-password-admin',
  'mongodb-password-processor',
  'api-key',
] as const;
export type Secrets = Readonly<Record<(typeof NAMES)[number], string>>;

/** Any owner may read the files, for the users of containers differ; the directory keeps others out on this machine. */
const READABLE = 0o444;

export function makeSecrets(directory: string): Secrets {
  rmSync(directory, { recursive: true, force: true });
  const secrets = Object.fromEntries(NAMES.map((name) => [name, randomBytes(24).toString('hex')])) as Secrets;
  writeSecrets(path.join(directory, 'secrets'), secrets);
  return secrets;
}

export function writeSecrets(directory: string, secrets: Secrets): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of NAMES) writeFileSync(path.join(directory, name), secrets[name], { mode: READABLE });
}

export type Config = { readonly [name: string]: unknown };

const isMap = (value: unknown): value is Config => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Pure: maps are merged, everything else is replaced. */
export function mergeConfig(base: Config, override: Config): Config {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(override)) {
    const present = merged[name];
    merged[name] = isMap(present) && isMap(value) ? mergeConfig(present, value) : value;
  }
  return merged;
}

export function writeConfig(directory: string, name: string, config: Config): string {
  const file = path.join(directory, `${name}.yml`);
  // Mounted by its inode: a running container keeps what it was started with.
  rmSync(file, { force: true });
  writeFileSync(file, stringify(config), { mode: READABLE });
  return file;
}

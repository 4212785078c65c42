import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { explainIssue, withoutAddresses } from './config-issue';

/** Exit code for a configuration error (EX_CONFIG of sysexits.h). */
export const EXIT_CONFIG = 78;

/** Everything that is wrong with a configuration, told at once. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`invalid configuration, ${problems.length} problem(s):\n${problems.map((text) => `  - ${text}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

export interface LoadRequest<Schema extends z.ZodType> {
  readonly schema: Schema;
  readonly file: string;
  readonly secretsDirectory: string;
  /** Names of the files under the secrets directory that this process needs. */
  readonly secrets: readonly string[];
  /** Of those that it takes where they are. @default none */
  readonly optionalSecrets?: readonly string[];
}

export interface Loaded<Schema extends z.ZodType> {
  readonly config: z.infer<Schema>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Reads and validates the YAML file and the secrets; throws one ConfigError that lists every problem. */
export function loadConfig<Schema extends z.ZodType>(request: LoadRequest<Schema>): Loaded<Schema> {
  const problems: string[] = [];
  const config = readYaml(request.file, request.schema, problems);
  const secrets: Record<string, string> = {};
  const path = (name: string): string => `${request.secretsDirectory}/${name}`;
  const optional = (request.optionalSecrets ?? []).filter((name) => existsSync(path(name)));
  for (const name of [...request.secrets, ...optional]) {
    const value = readSecret(path(name), problems);
    if (value !== undefined) secrets[name] = value;
  }
  if (problems.length > 0 || config === undefined) throw new ConfigError(problems);
  return { config, secrets };
}

function readYaml<Schema extends z.ZodType>(
  file: string,
  schema: Schema,
  problems: string[],
): z.infer<Schema> | undefined {
  const text = readText(file, problems);
  if (text === undefined) return undefined;
  let document: unknown;
  try {
    // Its warnings go to the log with the line that they are about, whatever stands in it.
    document = parse(text, { logLevel: 'error' }) ?? {};
    // An alias may stand inside its own anchor: nobody could print that.
    JSON.stringify(document);
  } catch (error) {
    problems.push(`${file}: not YAML: ${withoutAddresses((error as Error).message.split('\n')[0])}`);
    return undefined;
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  problems.push(...result.error.issues.flatMap((issue) => explainIssue(issue, document, schema)));
  return undefined;
}

function readText(file: string, problems: string[]): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = code === 'ENOENT' ? 'no such file' : `cannot be read: ${code}`;
    problems.push(`${file}: ${what}; expected a YAML file, mounted as a Docker config`);
    return undefined;
  }
}

function readSecret(path: string, problems: string[]): string | undefined {
  if (!existsSync(path)) {
    problems.push(`${path}: secret is missing; expected a file, mounted as a Docker secret`);
    return undefined;
  }
  let value: string;
  try {
    value = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    problems.push(`${path}: secret cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    return undefined;
  }
  if (value === '') problems.push(`${path}: secret is empty`);
  return value;
}

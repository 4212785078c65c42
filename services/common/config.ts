import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { explainIssue, withoutAddresses } from './config-issue';
import type { Engines } from './external';

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
  /** Names of the files under the secrets directory that this process needs; which, may depend on whose engines it uses. */
  readonly secrets: readonly string[] | ((engines: Engines) => readonly string[]);
  /** Of those that it takes where they are. @default none */
  readonly optionalSecrets?: readonly string[];
  /** Whatever else is wrong with both, once each by itself is right; without any value of a secret. @default nothing */
  readonly check?: (config: z.infer<Schema>, secrets: Readonly<Record<string, string>>) => readonly string[];
}

export interface Loaded<Schema extends z.ZodType> {
  readonly config: z.infer<Schema>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Reads and validates the YAML file and the secrets; throws one ConfigError that lists every problem. */
export function loadConfig<Schema extends z.ZodType>(request: LoadRequest<Schema>): Loaded<Schema> {
  const problems: string[] = [];
  const document = readYaml(request.file, problems);
  const config = document && validate(document.value, request.schema, problems);
  const secrets: Record<string, string> = {};
  const path = (name: string): string => `${request.secretsDirectory}/${name}`;
  const optional = (request.optionalSecrets ?? []).filter((name) => existsSync(path(name)));
  // A configuration with a mistake in it tells this all the same.
  const engines = (document?.value ?? {}) as Engines;
  const needed = typeof request.secrets === 'function' ? request.secrets(engines) : request.secrets;
  for (const name of [...needed, ...optional]) {
    const value = readSecret(path(name), problems);
    if (value !== undefined) secrets[name] = value;
  }
  if (problems.length === 0 && config !== undefined) problems.push(...(request.check?.(config, secrets) ?? []));
  if (problems.length > 0 || config === undefined) throw new ConfigError(problems);
  return { config, secrets };
}

function readYaml(file: string, problems: string[]): { readonly value: unknown } | undefined {
  const text = readText(file, problems);
  if (text === undefined) return undefined;
  try {
    // Its warnings go to the log with the line that they are about, whatever stands in it.
    const value: unknown = parse(text, { logLevel: 'error' }) ?? {};
    // An alias may stand inside its own anchor: nobody could print that.
    JSON.stringify(value);
    return { value };
  } catch (error) {
    problems.push(`${file}: not YAML: ${withoutAddresses((error as Error).message.split('\n')[0])}`);
    return undefined;
  }
}

function validate<Schema extends z.ZodType>(
  document: unknown,
  schema: Schema,
  problems: string[],
): z.infer<Schema> | undefined {
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

import { existsSync, readFileSync } from 'node:fs';
import { parse, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { nearest } from './nearest';

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
  for (const name of request.secrets) {
    const value = readSecret(`${request.secretsDirectory}/${name}`, problems);
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
  if (!existsSync(file)) {
    problems.push(`${file}: no such file; expected a YAML file, mounted as a Docker config`);
    return undefined;
  }
  let document: unknown;
  try {
    document = parse(readFileSync(file, 'utf8')) ?? {};
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    problems.push(`${file}: not YAML: ${error.message.split('\n')[0]}`);
    return undefined;
  }
  const result = schema.safeParse(document);
  if (result.success) return result.data;
  problems.push(...result.error.issues.flatMap((issue) => explainIssue(issue, document, schema)));
  return undefined;
}

/** One line per mistake: `key: what is wrong (got …)`. */
export function explainIssue(issue: z.core.$ZodIssue, document: unknown, schema: z.ZodType): string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const hint = nearest(key, known);
      const path = [...issue.path, key].join('.');
      return `${path}: unknown key${hint === undefined ? '' : `; did you mean ${hint}?`} (known: ${known.join(', ')})`;
    });
  }
  const got = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], document);
  const shown = got === undefined ? 'nothing' : JSON.stringify(got);
  return [`${issue.path.join('.') || '(document)'}: ${issue.message} (got ${shown})`];
}

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let current: unknown = schema;
  for (const key of path) current = (unwrap(current) as { shape?: Record<PropertyKey, unknown> }).shape?.[key];
  return Object.keys((unwrap(current) as { shape?: object } | undefined)?.shape ?? {});
}

/** Defaults and prefaults wrap the object whose keys we want to name. */
function unwrap(schema: unknown): unknown {
  const inner = (schema as { def?: { innerType?: unknown } } | undefined)?.def?.innerType;
  return inner === undefined ? schema : unwrap(inner);
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

import type { z } from 'zod';
import { nearest } from './nearest';

/** One line per mistake: `key: what is wrong (got …)`. Of an address it shows what is no secret. */
export function explainIssue(issue: z.core.$ZodIssue, document: unknown, schema: z.ZodType): string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => {
      const hint = nearest(key, known);
      const path = pathText([...issue.path, key]);
      return `${path}: unknown key${hint === undefined ? '' : `; did you mean ${hint}?`} (known: ${known.join(', ')})`;
    });
  }
  const got = issue.path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown>)?.[key], document);
  const shown = got === undefined ? 'nothing' : JSON.stringify(withoutTokens(got, issue.path.at(-1)));
  return [`${pathText(issue.path) || '(document)'}: ${issue.message} (got ${shown})`];
}

/** A forgotten space makes a key of an address. */
const pathText = (path: readonly PropertyKey[]): string => path.map((key) => withoutTokens(String(key))).join('.');

function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let current: unknown = schema;
  for (const key of path) {
    const { shape, def } = (unwrap(current) ?? {}) as Container;
    // Of a record all keys have one schema, and of an array all elements.
    current = shape === undefined ? (def?.valueType ?? def?.element) : shape[key];
  }
  return Object.keys((unwrap(current) as Container | undefined)?.shape ?? {});
}

interface Container {
  readonly shape?: Readonly<Record<PropertyKey, unknown>>;
  readonly def?: { readonly valueType?: unknown; readonly element?: unknown };
}

/** Defaults and prefaults wrap the object whose keys we want to name. */
function unwrap(schema: unknown): unknown {
  const inner = (schema as { def?: { innerType?: unknown } } | undefined)?.def?.innerType;
  return inner === undefined ? schema : unwrap(inner);
}

/** A copy in which each address, under whatever key, ends before a token could begin. */
function withoutTokens(value: unknown, key?: PropertyKey): unknown {
  const isAddress = key === 'url' || (typeof value === 'string' && value.includes('://'));
  if (isAddress) return addressText(value) ?? `<${typeName(value)}>`;
  if (Array.isArray(value)) return value.map((item) => withoutTokens(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [pathText([name]), withoutTokens(item, name)]));
}

/** Undefined if it is not certain where in it a secret stands. */
function addressText(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined;
  const { protocol, username, password, host, pathname, search, hash } = new URL(value);
  // Without a host all of it is the path; with a slash in a password, a part of that is.
  if (host === '' || pathname.includes('@')) return undefined;
  const user = username === '' && password === '' ? '' : '…@';
  return `${protocol}//${user}${host}${pathname}${search && '?…'}${hash && '#…'}`;
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

/** For a text that quotes from the file. */
export const withoutAddresses = (text: string): string => text.replace(/\S+:\/\/\S+/g, '<address>');

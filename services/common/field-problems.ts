import type { ErrorObject } from 'ajv';
import { errorField } from './event';
import { nearest } from './nearest';
import { Problem, type FieldProblem } from './problem';

/** A body may have thousands of mistakes; an answer names this many. */
const MAX_NAMED = 10;
const MAX_SHOWN_CHARACTERS = 64;

interface FieldSchema {
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly examples?: readonly unknown[];
}
export interface ObjectSchema {
  readonly properties: Readonly<Record<string, FieldSchema>>;
}

/** Explains what ajv found wrong with an object: each field once, its value, and what the schema allows. */
export function fieldProblems(
  errors: readonly ErrorObject[] | null | undefined,
  body: object,
  schema: ObjectSchema,
): FieldProblem[] {
  const problems = new Map<string, FieldProblem>();
  for (const error of errors ?? []) {
    const field = errorField(error);
    if (!problems.has(field)) problems.set(field, explain(field, error, body, schema));
  }
  return [...problems.values()];
}

function explain(field: string, error: ErrorObject, body: object, { properties }: ObjectSchema): FieldProblem {
  if (error.keyword === 'additionalProperties') {
    const name = String(error.params.additionalProperty);
    const value = shownValue((body as Record<string, unknown>)[name]);
    const names = Object.keys(properties);
    const hint = nearest(field, names);
    const allowed = `only ${names.join(', ')}${hint === undefined ? '' : ` (did you mean ${hint}?)`}`;
    return { field: name === '' ? '(empty name)' : shortened(name), value, allowed };
  }
  if (error.keyword === 'required') return { field, allowed: `it is required: ${allowedBy(properties[field], error)}` };
  const value = shownValue((body as Record<string, unknown>)[field]);
  return { field, value, allowed: allowedBy(properties[field], error) };
}

function allowedBy(schema: FieldSchema | undefined, error: ErrorObject): string {
  if (schema?.enum !== undefined) return `one of ${schema.enum.join(', ')}`;
  if (schema?.type === 'number' || schema?.type === 'integer') return `${article(schema.type)}${bounds(schema)}`;
  const example = schema?.examples?.[0];
  const rule = error.keyword === 'required' ? 'a value' : (error.message ?? error.keyword);
  return example === undefined ? rule : `${rule}, such as ${String(example)}`;
}

const article = (type: string): string => (type === 'integer' ? 'an integer' : 'a number');

function bounds({ minimum, maximum }: FieldSchema): string {
  const stated: string[] = [];
  if (minimum !== undefined) stated.push(`at least ${minimum}`);
  if (maximum !== undefined) stated.push(`at most ${maximum}`);
  return stated.length === 0 ? '' : `, ${stated.join(' and ')}`;
}

/** A client's value is repeated to it, but never at length, and also where JSON has no word for it. */
export function shownValue(value: unknown): unknown {
  if (typeof value === 'string') return shortened(value);
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? value : signed(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' && value !== null ? 'an object' : value;
}

const signed = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

const shortened = (text: string): string =>
  text.length <= MAX_SHOWN_CHARACTERS ? text : `${text.slice(0, MAX_SHOWN_CHARACTERS)}…`;

/** 400 that names the fields; `more` says how many are left out. */
export function invalidFields(slug: string, title: string, all: readonly FieldProblem[]): Problem {
  const errors = all.slice(0, MAX_NAMED);
  const more = all.length - errors.length;
  const detail = errors.map(({ field, allowed }) => `${field}: ${allowed}`).join('; ');
  return new Problem(400, slug, title, more === 0 ? detail : `${detail}; and ${more} more`, { errors });
}

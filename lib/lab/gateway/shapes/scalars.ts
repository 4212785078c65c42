/** Checks strings, numbers, booleans, times and blobs against their shapes. */
import type { Findings } from './findings';
import type { Shape } from './model';

/** Scalars of JSON have types of their own; those of forms, XML and headers are all text. */
export type ScalarForm = 'json' | 'text';

const INTEGER = /^-?\d+$/;
const NUMBER = /^-?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
const SPECIAL_NUMBERS = ['NaN', 'Infinity', '-Infinity'];
const ISO_8601 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[-+]\d\d:?\d\d)$/;
const RFC_822 = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Adds what is wrong with one scalar; `timestampFormat` is the protocol's, unless the shape has its own. */
export function checkScalar(
  findings: Findings,
  path: string,
  shape: Shape,
  value: unknown,
  form: ScalarForm,
  timestampFormat: NonNullable<Shape['timestampFormat']>,
): void {
  const wrong = typeProblem(shape, value, form, shape.timestampFormat ?? timestampFormat);
  if (wrong) return findings.add(path, wrong);
  if (shape.type === 'string' || shape.type === 'character') return checkString(findings, path, shape, value as string);
  if (['integer', 'long', 'float', 'double'].includes(shape.type))
    checkBounds(findings, path, shape, Number(value), '');
}

/** Adds a number, length or size outside the shape's bounds. */
export function checkBounds(findings: Findings, path: string, shape: Shape, measured: number, unit: string): void {
  if (!findings.areConstrained) return;
  const { min, max } = shape;
  if (min !== undefined && measured < min) findings.add(path, `${measured}${unit}, expected at least ${min}`);
  if (max !== undefined && measured > max) findings.add(path, `${measured}${unit}, expected at most ${max}`);
}

function checkString(findings: Findings, path: string, shape: Shape, text: string): void {
  if (shape.enum && !shape.enum.includes(text)) {
    const allowed = shape.enum.length > 12 ? `${shape.enum.slice(0, 12).join(', ')}, …` : shape.enum.join(', ');
    findings.add(path, `${findings.areConstrained ? '' : shownStatus(text)}not a value of the enumeration ${allowed}`);
    return;
  }
  checkBounds(findings, path, shape, text.length, ' characters');
  if (findings.areConstrained && shape.pattern !== undefined && !matches(shape.pattern, text))
    findings.add(path, `does not match the pattern ${shape.pattern}`);
}

/** A status of the emulator, of letters alone, may be shown. It came from no caller. */
const shownStatus = (text: string): string => (/^[A-Za-z_]{0,40}$/.test(text) ? `'${text}' is ` : '');

function typeProblem(shape: Shape, value: unknown, form: ScalarForm, timestampFormat: string): string | undefined {
  const expected = (what: string): string => `${typeName(value)}, expected ${what}`;
  const isText = typeof value === 'string';
  switch (shape.type) {
    case 'string':
    case 'character':
      return isText ? undefined : expected('a string');
    case 'boolean':
      if (form === 'json') return typeof value === 'boolean' ? undefined : expected('a boolean');
      return value === 'true' || value === 'false' ? undefined : expected("the text 'true' or 'false'");
    case 'integer':
    case 'long':
      if (form === 'json') return Number.isInteger(value) ? undefined : expected('an integer');
      return isText && INTEGER.test(value) ? undefined : expected('the digits of an integer');
    case 'float':
    case 'double':
      if (isText && SPECIAL_NUMBERS.includes(value)) return undefined;
      if (form === 'json') return typeof value === 'number' ? undefined : expected('a number');
      return isText && NUMBER.test(value) ? undefined : expected('the digits of a number');
    case 'timestamp':
      return timestampProblem(value, form, timestampFormat);
    case 'blob':
      return isText && BASE64.test(value) ? undefined : expected('base64');
    default:
      throw new Error(`'${shape.type}' is no scalar type of botocore's models`);
  }
}

function timestampProblem(value: unknown, form: ScalarForm, format: string): string | undefined {
  const expected = (what: string): string => `${typeName(value)}, expected ${what}`;
  if (format === 'unixTimestamp') {
    const isNumber = form === 'json' ? typeof value === 'number' : typeof value === 'string' && NUMBER.test(value);
    return isNumber ? undefined : expected('a time in seconds since 1970, a number');
  }
  const pattern = format === 'rfc822' ? RFC_822 : ISO_8601;
  return typeof value === 'string' && pattern.test(value) ? undefined : expected(`a time as ${format} writes it`);
}

const typeName = (value: unknown): string => {
  if (Array.isArray(value)) return 'a list';
  if (value === null) return 'null';
  return typeof value === 'object' ? 'an object' : typeof value === 'string' ? 'a text' : `a ${typeof value}`;
};

const compiled = new Map<string, RegExp | undefined>();

/**
 * True where the whole text matches, as AWS's services mean it: `[a-zA-Z][-a-zA-Z0-9]*` of a stack's name refuses
 * `my_stack`. A pattern that JavaScript cannot read is not checked; test/lib/lab/gateway/shapes lists those.
 */
function matches(pattern: string, text: string): boolean {
  if (!compiled.has(pattern)) compiled.set(pattern, compilePattern(pattern));
  return compiled.get(pattern)?.test(text) ?? true;
}

/** The pattern of botocore, written for Java, as JavaScript's; undefined where that cannot be done. */
export function compilePattern(pattern: string): RegExp | undefined {
  const [prefix = '', inline = ''] = /^\(\?([is]+)\)/.exec(pattern) ?? [];
  const source = `^(?:${pattern.slice(prefix.length)})$`;
  for (const flags of [`u${inline}`, inline]) {
    try {
      return new RegExp(source, flags);
    } catch {
      // Not a pattern of this dialect: `[\w-.]` is refused with `u`, `\p{L}` means nothing without it.
    }
  }
  return undefined;
}

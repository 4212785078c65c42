/**
 * Pure: values for a document's parameters, checked as Systems Manager checks them when a command is sent, and their
 * substitution. JavaScript's regular expressions stand in for the service's; the agent has its own
 * (agent-parameters.ts).
 */
import { AwsError } from '../errors';
import type { DocumentContent, ParameterDefinition } from './document-content';

export type ParameterValue = string | readonly string[];
export type ParameterValues = Readonly<Record<string, ParameterValue>>;

export function checkParameters(
  content: DocumentContent,
  given: Readonly<Record<string, unknown>> = {},
): ParameterValues {
  const definitions = content.parameters ?? {};
  const unknown = Object.keys(given).filter((name) => !(name in definitions));
  if (unknown.length > 0) {
    throw invalid(
      `Parameter ${unknown.join(', ')} is not defined in the document, which has ${Object.keys(definitions).join(', ') || 'none'}`,
    );
  }
  return Object.fromEntries(
    Object.entries(definitions).map(([name, definition]) => [name, checkValue(name, definition, given[name])]),
  );
}

function checkValue(name: string, definition: ParameterDefinition, given: unknown): ParameterValue {
  const raw = given ?? definition.default;
  if (raw === undefined || raw === null) throw invalid(`Parameter ${name} requires a value`);
  const values = (Array.isArray(raw) ? raw : [raw]).map(asText);
  if (definition.type !== 'StringList' && values.length !== 1) {
    throw invalid(`Parameter ${name} of type ${definition.type} takes one value, got ${values.length}`);
  }
  for (const value of values) checkText(name, definition, value);
  return definition.type === 'StringList' ? values : values[0]!;
}

const asText = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

function checkText(name: string, definition: ParameterDefinition, value: string): void {
  const { type, allowedPattern, allowedValues } = definition;
  if (type === 'Boolean' && !/^(true|false)$/i.test(value)) throw invalid(`Parameter ${name} must be true or false`);
  if (type === 'Integer' && !/^-?\d+$/.test(value)) throw invalid(`Parameter ${name} must be a whole number`);
  if (allowedPattern !== undefined && !new RegExp(allowedPattern).test(value)) {
    throw invalid(`Parameter ${name} has value '${value}', which does not match its allowedPattern ${allowedPattern}`);
  }
  if (allowedValues && !allowedValues.map(String).includes(value)) {
    throw invalid(`Parameter ${name} has value '${value}', which is not one of ${allowedValues.join(', ')}`);
  }
}

const invalid = (message: string): AwsError => new AwsError('InvalidParameters', message);

const REFERENCE = /\{\{\s*([A-Za-z0-9_.:-]+)\s*\}\}/g;

/**
 * `SSM_<Name>` for each parameter with interpolationType ENV_VAR: its value never becomes script text. Whether an agent
 * exports an empty value is not known: here it stays unset, which a script must not rely upon either.
 */
export function environmentOf(content: DocumentContent, values: ParameterValues): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values)
      .map(([name, value]) => [name, [value].flat().join(' ')] as const)
      .filter(([name, value]) => isEnvironmentVariable(content, name) && value !== '')
      .map(([name, value]) => [`SSM_${name}`, value]),
  );
}

/** Lines of a script with `{{ Name }}` replaced; a line that is one list parameter becomes its lines. */
export function substituteLines(content: DocumentContent, values: ParameterValues, lines: unknown): string[] {
  return [lines].flat().flatMap((line) => {
    const text = String(line);
    const whole = /^\s*\{\{\s*([A-Za-z0-9_.:-]+)\s*\}\}\s*$/.exec(text)?.[1];
    const value = whole === undefined ? undefined : values[whole];
    return Array.isArray(value) ? (value as string[]) : [substitute(content, values, text)];
  });
}

export function substitute(content: DocumentContent, values: ParameterValues, text: string): string {
  return text.replace(REFERENCE, (reference, name: string) => {
    if (!(name in values)) return reference;
    if (isEnvironmentVariable(content, name)) return `\${SSM_${name}}`;
    return [values[name]!].flat().join(' ');
  });
}

const isEnvironmentVariable = (content: DocumentContent, name: string): boolean =>
  content.parameters?.[name]?.interpolationType === 'ENV_VAR';

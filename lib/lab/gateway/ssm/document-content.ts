/** Pure: documents of schema 2.2 as the lab understands them. Scalars may be strings: CloudFormation makes them so. */
import { parse as parseYaml } from 'yaml';
import { AwsError } from '../errors';

export interface ParameterDefinition {
  readonly type: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly allowedPattern?: string;
  readonly allowedValues?: readonly unknown[];
  readonly interpolationType?: string;
}

export interface StepDefinition {
  readonly action: string;
  readonly name: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly precondition?: { readonly StringEquals?: readonly string[] };
}

export interface DocumentContent {
  readonly schemaVersion: string;
  readonly description?: string;
  readonly parameters?: Readonly<Record<string, ParameterDefinition>>;
  readonly mainSteps: readonly StepDefinition[];
}

const PARAMETER_TYPES = ['String', 'StringList', 'Boolean', 'Integer', 'MapList', 'StringMap'];

/** Parses and checks; text in JSON or YAML, or an object out of a template. */
export function parseContent(content: unknown, format: string = 'JSON'): DocumentContent {
  const parsed = typeof content === 'string' ? parseText(content, format) : content;
  const problem = contentProblem(parsed);
  if (problem) throw new AwsError('InvalidDocumentContent', problem);
  return parsed as DocumentContent;
}

function parseText(text: string, format: string): unknown {
  try {
    return format === 'YAML' ? parseYaml(text) : JSON.parse(text);
  } catch (error) {
    throw new AwsError('InvalidDocumentContent', `the content is not ${format}: ${(error as Error).message}`);
  }
}

function contentProblem(content: unknown): string | undefined {
  if (typeof content !== 'object' || content === null) return 'the content is not an object';
  const document = content as Partial<DocumentContent>;
  if (String(document.schemaVersion) !== '2.2') {
    return `schemaVersion is '${document.schemaVersion}'; the lab runs '2.2' only`;
  }
  if (!Array.isArray(document.mainSteps) || document.mainSteps.length === 0) return 'mainSteps is empty';
  return stepProblem(document.mainSteps) ?? parameterProblem(document.parameters ?? {});
}

function stepProblem(steps: readonly StepDefinition[]): string | undefined {
  const names = new Set<string>();
  for (const step of steps) {
    if (!step.name || !/^[A-Za-z0-9_-]+$/.test(step.name)) return `a step has the name '${step.name}'`;
    if (names.has(step.name)) return `two steps have the name '${step.name}'`;
    names.add(step.name);
    if (step.action !== 'aws:runShellScript') {
      return `step '${step.name}' has action '${step.action}'; the lab runs aws:runShellScript only`;
    }
    if (step.inputs?.runCommand === undefined) return `step '${step.name}' has no inputs.runCommand`;
  }
  return undefined;
}

function parameterProblem(parameters: Readonly<Record<string, ParameterDefinition>>): string | undefined {
  for (const [name, { type, interpolationType, allowedPattern }] of Object.entries(parameters)) {
    if (!PARAMETER_TYPES.includes(type)) return `parameter ${name} has type '${type}', not one of ${PARAMETER_TYPES}`;
    if (interpolationType !== undefined && !['ENV_VAR', 'SCHEMA'].includes(interpolationType)) {
      return `parameter ${name} has interpolationType '${interpolationType}', not ENV_VAR`;
    }
    if (interpolationType === 'ENV_VAR' && type !== 'String') {
      return `parameter ${name} has interpolationType ENV_VAR, which needs type String, not ${type}`;
    }
    if (allowedPattern !== undefined && !isPattern(allowedPattern)) {
      return `parameter ${name} has an allowedPattern that is no regular expression: ${allowedPattern}`;
    }
  }
  return undefined;
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern);
    return true;
  } catch {
    return false; // the caller says so
  }
}

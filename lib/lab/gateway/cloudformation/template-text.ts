/** Reads a template's text: JSON, or YAML with the short forms of intrinsic functions. */
import { parse, type CollectionTag, type ScalarTag, isMap, isSeq } from 'yaml';
import { AwsError } from '../errors';
import type { Template } from './template';

/** Every short form stands for a long one: `!Sub x` is `{"Fn::Sub": "x"}`, but `!Ref x` is `{"Ref": "x"}`. */
const FUNCTIONS = [
  'And', 'Base64', 'Cidr', 'Contains', 'EachMemberEquals', 'EachMemberIn', 'Equals', 'FindInMap', 'GetAZs', 'If',
  'ImportValue', 'Join', 'Length', 'Not', 'Or', 'RefAll', 'Select', 'Split', 'Sub', 'ToJsonString', 'Transform',
  'ValueOf', 'ValueOfAll',
]; // prettier-ignore

const longForms = (
  name: string,
  key: string,
  read = (value: unknown): unknown => value,
): (ScalarTag | CollectionTag)[] => [
  { tag: `!${name}`, resolve: (text) => ({ [key]: read(text) }) },
  { tag: `!${name}`, collection: 'seq', resolve: (node) => ({ [key]: isSeq(node) ? node.toJSON() : [] }) },
  { tag: `!${name}`, collection: 'map', resolve: (node) => ({ [key]: isMap(node) ? node.toJSON() : {} }) },
];

/** `!GetAtt Logical.Attribute.Rest` names the attribute after the first dot. */
function splitAttribute(text: unknown): unknown {
  const [logicalId, ...attribute] = String(text).split('.');
  return [logicalId, attribute.join('.')];
}

const INTRINSICS = [
  ...FUNCTIONS.flatMap((name) => longForms(name, `Fn::${name}`)),
  ...longForms('GetAtt', 'Fn::GetAtt', splitAttribute),
  ...longForms('Ref', 'Ref'),
  ...longForms('Condition', 'Condition'),
];

export function parseTemplate(text: string): Template {
  const template: unknown = /^\s*\{/.test(text) ? parseJson(text) : parseYaml(text);
  if (typeof template !== 'object' || template === null || Array.isArray(template))
    throw new AwsError('ValidationError', `Template format error: got ${typeof template}, expected an object`);
  return template as Template;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new AwsError('ValidationError', `Template format error: not JSON: ${(error as Error).message}`);
  }
}

function parseYaml(text: string): unknown {
  try {
    // Dates such as AWSTemplateFormatVersion must stay strings: the core schema has no timestamps.
    return parse(text, { schema: 'core', customTags: INTRINSICS, maxAliasCount: -1 });
  } catch (error) {
    throw new AwsError('ValidationError', `Template format error: not YAML: ${(error as Error).message}`);
  }
}

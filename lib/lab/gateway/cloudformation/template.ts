/**
 * Rewrites CloudFormation templates so that ministack accepts them, and restores them: types that the gateway serves
 * become custom resources of one forwarder Lambda. Pure; `restore(rewrite(t))` equals `t` for every template.
 */
import { MOVED_ATTRIBUTES, MOVED_ATTRIBUTE_PREFIX } from './resource';

export interface TemplateResource {
  Type: string;
  Properties?: Record<string, unknown>;
  [attribute: string]: unknown;
}

export interface Template {
  Resources?: Record<string, TemplateResource>;
  [section: string]: unknown;
}

export interface Rewritten {
  readonly template: Template;
  /** Logical ids of the resources that were rewritten. */
  readonly logicalIds: readonly string[];
}

/** Remembers that a resource had `Properties: {}`, which is not the same text as none. */
const EMPTY_PROPERTIES = `${MOVED_ATTRIBUTE_PREFIX}EmptyProperties`;
const RESERVED = ['ServiceToken', EMPTY_PROPERTIES, ...MOVED_ATTRIBUTES.map((name) => MOVED_ATTRIBUTE_PREFIX + name)];
const CUSTOM_TYPE = /^Custom::(AWS-[A-Za-z0-9]+-[A-Za-z0-9]+)$/;

/** `AWS::EC2::Volume` is `Custom::AWS-EC2-Volume`: custom type names may have hyphens but no second `::`. */
export const customTypeOf = (type: string): string => `Custom::${type.replaceAll('::', '-')}`;

/** The inverse; undefined for a custom type of somebody else. */
export const originalTypeOf = (customType: string): string | undefined =>
  CUSTOM_TYPE.exec(customType)?.[1]!.replaceAll('-', '::');

/** Resource types in a template, each with the logical ids that have it. */
export function typesOf(template: Template): Map<string, string[]> {
  const types = new Map<string, string[]>();
  for (const [logicalId, { Type }] of resourcesOf(template)) types.set(Type, [...(types.get(Type) ?? []), logicalId]);
  return types;
}

export function rewriteTemplate(template: Template, served: ReadonlySet<string>, serviceToken: string): Rewritten {
  const copy = structuredClone(template);
  const rewritten = resourcesOf(copy).filter(([, resource]) => served.has(resource.Type));
  for (const [logicalId, resource] of rewritten) rewriteResource(logicalId, resource, serviceToken);
  return { template: copy, logicalIds: rewritten.map(([logicalId]) => logicalId) };
}

export function restoreTemplate(template: Template, serviceToken: string): Template {
  const copy = structuredClone(template);
  for (const [, resource] of resourcesOf(copy)) {
    if (resource.Properties?.ServiceToken !== serviceToken) continue;
    const type = originalTypeOf(resource.Type);
    if (type) restoreResource(resource, type);
  }
  return copy;
}

/** Gives the types in any answer of CloudFormation (events, resources, changes) back their names. */
export function restoreTypeNames(text: string, served: ReadonlySet<string>): string {
  return text.replace(/Custom::AWS-[A-Za-z0-9]+-[A-Za-z0-9]+/g, (name) => {
    const type = originalTypeOf(name);
    return type && served.has(type) ? type : name;
  });
}

function resourcesOf(template: Template): [string, TemplateResource][] {
  return Object.entries(template.Resources ?? {}).filter(([, resource]) => typeof resource?.Type === 'string');
}

function rewriteResource(logicalId: string, resource: TemplateResource, serviceToken: string): void {
  const given = resource.Properties;
  const taken = RESERVED.find((name) => given && name in given);
  if (taken)
    throw new Error(`resource ${logicalId} (${resource.Type}) has a property ${taken}, which the lab reserves`);
  const properties: Record<string, unknown> = { ServiceToken: serviceToken, ...given };
  if (given && Object.keys(given).length === 0) properties[EMPTY_PROPERTIES] = true;
  for (const name of MOVED_ATTRIBUTES) {
    if (!(name in resource)) continue;
    properties[MOVED_ATTRIBUTE_PREFIX + name] = resource[name];
    delete resource[name];
  }
  resource.Type = customTypeOf(resource.Type);
  resource.Properties = properties;
}

function restoreResource(resource: TemplateResource, type: string): void {
  const properties = resource.Properties!;
  const wasEmpty = EMPTY_PROPERTIES in properties;
  delete properties.ServiceToken;
  delete properties[EMPTY_PROPERTIES];
  for (const name of MOVED_ATTRIBUTES) {
    const moved = MOVED_ATTRIBUTE_PREFIX + name;
    if (!(moved in properties)) continue;
    resource[name] = properties[moved];
    delete properties[moved];
  }
  resource.Type = type;
  if (Object.keys(properties).length === 0 && !wasEmpty) delete resource.Properties;
}

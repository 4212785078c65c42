/** Decodes XML bodies by their shape, as botocore's and the JavaScript SDK's parsers read them. */
import { type Findings, memberPath } from './findings';
import { bodyMembers } from './json';
import { shapeOf, type ServiceModel, type Shape, type ShapeReference } from './model';
import type { XmlElement } from './xml-tree';

/** The value with the model's member names; scalars are text. Adds elements that the shape does not have. */
export function decodeXml(
  findings: Findings,
  model: ServiceModel,
  shapeName: string,
  element: XmlElement,
  path = '',
  ignored: ReadonlySet<string> = new Set(),
): unknown {
  const shape = shapeOf(model, shapeName);
  switch (shape.type) {
    case 'structure':
      return decodeStructure(findings, model, shape, element, path, ignored);
    case 'list':
      return decodeItems(findings, model, shape, element.children, path, shape.member!.locationName ?? 'member');
    case 'map':
      return decodeEntries(findings, model, shape, element.children, path, 'entry');
    default:
      if (element.children.length > 0) findings.add(path, `has elements, expected the text of a ${shape.type}`);
      return element.text;
  }
}

function decodeStructure(
  findings: Findings,
  model: ServiceModel,
  shape: Shape,
  element: XmlElement,
  path: string,
  ignored: ReadonlySet<string>,
): Record<string, unknown> {
  const names = bodyMembers(shape, (name, reference) => xmlName(model, name, reference));
  const decoded: Record<string, unknown> = {};
  const byName = new Map<string, XmlElement[]>();
  for (const child of element.children) byName.set(child.name, [...(byName.get(child.name) ?? []), child]);
  for (const [wireName, elements] of byName) {
    const name = names.get(wireName);
    if (name === undefined) {
      if (!ignored.has(wireName)) findings.add(path, `the model has no member ${wireName}`);
      continue;
    }
    const reference = shape.members![name]!;
    const inner = memberPath(path, name);
    if (isFlattened(model, reference)) {
      decoded[name] = decodeFlattened(findings, model, reference, elements, inner);
      continue;
    }
    if (elements.length > 1) findings.add(inner, 'stands more than once');
    decoded[name] = decodeXml(findings, model, reference.shape, elements[0]!, inner);
  }
  for (const [name, reference] of Object.entries(shape.members ?? {})) {
    if (!reference.xmlAttribute) continue;
    const attribute = element.attributes[reference.locationName!.split(':').pop()!];
    if (attribute !== undefined) decoded[name] = attribute;
  }
  return decoded;
}

function decodeFlattened(
  findings: Findings,
  model: ServiceModel,
  reference: ShapeReference,
  elements: readonly XmlElement[],
  path: string,
): unknown {
  const shape = shapeOf(model, reference.shape);
  if (shape.type === 'map') return decodeEntries(findings, model, shape, elements, path, undefined);
  return decodeItems(findings, model, shape, elements, path, undefined);
}

/** `itemName` is undefined where the items are flattened: they were found by their name. */
function decodeItems(
  findings: Findings,
  model: ServiceModel,
  shape: Shape,
  items: readonly XmlElement[],
  path: string,
  itemName: string | undefined,
): unknown[] {
  return items.map((item) => {
    if (itemName !== undefined && item.name !== itemName)
      findings.add(path, `the list has an element ${item.name}, expected ${itemName}`);
    return decodeXml(findings, model, shape.member!.shape, item, `${path}[]`);
  });
}

function decodeEntries(
  findings: Findings,
  model: ServiceModel,
  shape: Shape,
  entries: readonly XmlElement[],
  path: string,
  entryName: string | undefined,
): Record<string, unknown> {
  const keyName = shape.key!.locationName ?? 'key';
  const valueName = shape.value!.locationName ?? 'value';
  const decoded: Record<string, unknown> = {};
  for (const entry of entries) {
    const key = entry.children.find(({ name }) => name === keyName);
    const value = entry.children.find(({ name }) => name === valueName);
    if ((entryName !== undefined && entry.name !== entryName) || !key || !value || entry.children.length !== 2) {
      findings.add(path, `the map has an element ${entry.name} that is not one ${keyName} and one ${valueName}`);
      continue;
    }
    decoded[key.text] = decodeXml(findings, model, shape.value!.shape, value, `${path}{}`);
  }
  return decoded;
}

export function isFlattened(model: ServiceModel, reference: ShapeReference): boolean {
  return reference.flattened ?? shapeOf(model, reference.shape).flattened ?? false;
}

/** A flattened list goes by the name of its items, where they have one. */
export function xmlName(model: ServiceModel, name: string, reference: ShapeReference): string {
  const shape = shapeOf(model, reference.shape);
  const itemName = shape.type === 'list' && isFlattened(model, reference) ? shape.member!.locationName : undefined;
  return itemName ?? reference.locationName ?? name;
}

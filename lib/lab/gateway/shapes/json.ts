/** Decodes JSON bodies: members by their model names, unknown ones found. */
import { type Findings, memberPath } from './findings';
import { shapeOf, type ServiceModel, type Shape, type ShapeReference } from './model';

/** Members that AWS's JSON protocols put beside the shape's own. */
const PROTOCOL_MEMBERS = new Set(['__type']);

/** The parsed body. JSON's own error would repeat a part of the body, which may be a secret. */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    throw new Error('the body is not JSON');
  }
}

/** The value with the model's member names. What is of the wrong type stays as it is, for `checkValue` to say so. */
export function decodeJson(
  findings: Findings,
  model: ServiceModel,
  shapeName: string,
  value: unknown,
  path = '',
): unknown {
  const shape = shapeOf(model, shapeName);
  if (shape.document || value === null || typeof value !== 'object') return value;
  if (shape.type === 'structure' && !Array.isArray(value))
    return decodeStructure(findings, model, shape, value as Record<string, unknown>, path);
  if (shape.type === 'list' && Array.isArray(value))
    return value.map((item) => decodeJson(findings, model, shape.member!.shape, item, `${path}[]`));
  if (shape.type === 'map' && !Array.isArray(value))
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [
        key,
        decodeJson(findings, model, shape.value!.shape, item, `${path}{}`),
      ]),
    );
  return value;
}

function decodeStructure(
  findings: Findings,
  model: ServiceModel,
  shape: Shape,
  value: Readonly<Record<string, unknown>>,
  path: string,
): Record<string, unknown> {
  const names = bodyMembers(shape, jsonName);
  const decoded: Record<string, unknown> = {};
  for (const [wireName, item] of Object.entries(value)) {
    const name = names.get(wireName);
    if (name !== undefined) {
      decoded[name] = decodeJson(findings, model, shape.members![name]!.shape, item, memberPath(path, name));
    } else if (!PROTOCOL_MEMBERS.has(wireName)) {
      findings.add(path, `the model has no member ${wireName}`);
    }
  }
  return decoded;
}

const jsonName = (name: string, reference: ShapeReference): string => reference.locationName ?? name;

const cached = new WeakMap<Shape, Map<string, string>>();

/** Members of the body, model names by the names on the wire. A shape belongs to one protocol, so one map is enough. */
export function bodyMembers(
  shape: Shape,
  wireName: (name: string, reference: ShapeReference) => string,
): ReadonlyMap<string, string> {
  let names = cached.get(shape);
  if (!names) {
    const members = Object.entries(shape.members ?? {}).filter(([, { location }]) => location === undefined);
    names = new Map(members.map(([name, reference]) => [wireName(name, reference), name]));
    cached.set(shape, names);
  }
  return names;
}

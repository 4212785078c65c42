/** Decodes the forms of query APIs and of EC2: `Tags.member.1.Key=a`, `Tag.1.Key=a`. */
import { type Findings, memberPath } from './findings';
import { shapeOf, type ServiceModel, type Shape, type ShapeReference } from './model';
import { isFlattened, xmlName } from './xml';

interface FormNode {
  text?: string;
  readonly children: Map<string, FormNode>;
}

/** Beside the operation's own: the operation, its version, and what a presigned address carries. */
const PROTOCOL_MEMBERS =
  /^(Action|Version|X-Amz-[A-Za-z-]+|AWSAccessKeyId|Signature|SignatureVersion|SignatureMethod|Timestamp)$/;

/** The form with the model's member names; scalars are text. Adds fields that the shape does not have. */
export function decodeForm(
  findings: Findings,
  model: ServiceModel,
  shapeName: string | undefined,
  form: Iterable<readonly [string, string]>,
  isEc2: boolean,
): unknown {
  const root: FormNode = { children: new Map() };
  for (const [name, text] of form) {
    if (PROTOCOL_MEMBERS.test(name)) continue;
    let node = root;
    for (const part of name.split('.')) {
      let child = node.children.get(part);
      if (!child) node.children.set(part, (child = { children: new Map() }));
      node = child;
    }
    node.text = text;
  }
  if (shapeName !== undefined) return new FormDecoder(findings, model, isEc2).decode(shapeName, root, '');
  for (const name of root.children.keys()) findings.add('', `the model has no member ${name}`);
  return undefined;
}

const cached = new WeakMap<Shape, ReadonlyMap<string, string>>();

class FormDecoder {
  constructor(
    private readonly findings: Findings,
    private readonly model: ServiceModel,
    private readonly isEc2: boolean,
  ) {}

  decode(shapeName: string, node: FormNode, path: string, reference?: ShapeReference): unknown {
    const shape = shapeOf(this.model, shapeName);
    switch (shape.type) {
      case 'structure':
        return this.structure(shape, node, path);
      case 'list':
        return this.list(shape, node, path, reference);
      case 'map':
        return this.map(shape, node, path, reference);
      default:
        if (node.children.size > 0) this.findings.add(path, `has members, expected the text of a ${shape.type}`);
        return node.text;
    }
  }

  private structure(shape: Shape, node: FormNode, path: string): Record<string, unknown> {
    if (node.text !== undefined) this.findings.add(path, 'a text, expected a structure');
    const names = this.names(shape);
    const decoded: Record<string, unknown> = {};
    for (const [wireName, child] of node.children) {
      const name = names.get(wireName);
      if (name === undefined) {
        this.findings.add(path, `the model has no member ${wireName}`);
        continue;
      }
      const reference = shape.members![name]!;
      decoded[name] = this.decode(reference.shape, child, memberPath(path, name), reference);
    }
    return decoded;
  }

  /** Model names by the names on the wire. */
  private names(shape: Shape): ReadonlyMap<string, string> {
    let names = cached.get(shape);
    if (!names) {
      names = new Map(Object.entries(shape.members ?? {}).map(([name, ref]) => [this.wireName(name, ref), name]));
      cached.set(shape, names);
    }
    return names;
  }

  private list(shape: Shape, node: FormNode, path: string, reference?: ShapeReference): unknown[] {
    const items = this.numbered(
      node,
      path,
      this.flat(reference) ? undefined : (shape.member!.locationName ?? 'member'),
    );
    return items.map((item) => this.decode(shape.member!.shape, item, `${path}[]`));
  }

  private map(shape: Shape, node: FormNode, path: string, reference?: ShapeReference): Record<string, unknown> {
    const keyName = shape.key!.locationName ?? 'key';
    const valueName = shape.value!.locationName ?? 'value';
    const decoded: Record<string, unknown> = {};
    for (const entry of this.numbered(node, path, this.flat(reference) ? undefined : 'entry')) {
      const key = entry.children.get(keyName)?.text;
      const value = entry.children.get(valueName);
      if (key === undefined || !value || entry.children.size !== 2)
        this.findings.add(path, `an entry that is not one ${keyName} and one ${valueName}`);
      else decoded[key] = this.decode(shape.value!.shape, value, `${path}{}`);
    }
    return decoded;
  }

  /** The children `1`, `2`…, below `wrapper` where there is one. An empty list is an empty text. */
  private numbered(node: FormNode, path: string, wrapper: string | undefined): FormNode[] {
    if (node.text === '' && node.children.size === 0) return [];
    if (node.text !== undefined) this.findings.add(path, 'a text, expected a list');
    let list = node;
    if (wrapper !== undefined) {
      for (const name of node.children.keys())
        if (name !== wrapper) this.findings.add(path, `has ${wireKind(name)}, expected ${wrapper}.1, ${wrapper}.2…`);
      list = node.children.get(wrapper) ?? { children: new Map() };
    }
    for (const name of list.children.keys())
      if (!/^[1-9]\d*$/.test(name)) this.findings.add(path, `has ${wireKind(name)}, expected numbers from 1 on`);
    return [...list.children.values()];
  }

  /** botocore's EC2 serializer flattens every list. */
  private flat(reference: ShapeReference | undefined): boolean {
    return this.isEc2 || (reference !== undefined && isFlattened(this.model, reference));
  }

  private wireName(name: string, reference: ShapeReference): string {
    if (!this.isEc2) return xmlName(this.model, name, reference);
    const located = reference.locationName;
    return reference.queryName ?? (located ? located[0]!.toUpperCase() + located.slice(1) : name);
  }
}

/** The number of an item is not worth a finding of its own. */
const wireKind = (name: string): string => (/^\d+$/.test(name) ? 'a number' : name);

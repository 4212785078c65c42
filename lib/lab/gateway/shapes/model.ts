/** botocore's model of a service (`data/<service>/<version>/service-2.json`), reduced to the parts that checks need. */

export type ShapeType =
  | 'structure'
  | 'list'
  | 'map'
  | 'string'
  | 'character'
  | 'integer'
  | 'long'
  | 'float'
  | 'double'
  | 'boolean'
  | 'timestamp'
  | 'blob';

/** How a shape is used by the shape or operation around it. */
export interface ShapeReference {
  readonly shape: string;
  readonly locationName?: string;
  /** EC2's requests alone: goes before `locationName`. */
  readonly queryName?: string;
  /** REST protocols: outside the body. */
  readonly location?: 'uri' | 'querystring' | 'header' | 'headers' | 'statusCode';
  readonly flattened?: boolean;
  readonly xmlAttribute?: boolean;
  readonly streaming?: boolean;
  /** A string that holds JSON, in base64 where it is a header. */
  readonly jsonvalue?: boolean;
}

export interface Shape {
  readonly type: ShapeType;
  readonly members?: Readonly<Record<string, ShapeReference>>;
  readonly required?: readonly string[];
  /** Name of the member that is the whole body. */
  readonly payload?: string;
  readonly member?: ShapeReference;
  readonly key?: ShapeReference;
  readonly value?: ShapeReference;
  readonly flattened?: boolean;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  /** Of a number its value, of a string its length, of a list or map its size. */
  readonly min?: number;
  readonly max?: number;
  readonly timestampFormat?: 'iso8601' | 'unixTimestamp' | 'rfc822';
  /** Any JSON. */
  readonly document?: boolean;
  readonly union?: boolean;
  readonly streaming?: boolean;
  readonly eventstream?: boolean;
}

export interface Operation {
  readonly name: string;
  readonly http: { readonly method: string; readonly requestUri: string };
  readonly input?: { readonly shape: string };
  /** Query protocols put the result into an element of the name `resultWrapper`. */
  readonly output?: { readonly shape: string; readonly resultWrapper?: string };
}

export type Protocol = 'json' | 'query' | 'ec2' | 'rest-json' | 'rest-xml';

export interface ServiceModel {
  readonly metadata: {
    readonly protocol: string;
    readonly protocols?: readonly string[];
    readonly apiVersion: string;
    readonly targetPrefix?: string;
  };
  readonly operations: Readonly<Record<string, Operation>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

/** The shape of a name; a model that lacks one of its own shapes is broken. */
export function shapeOf(model: ServiceModel, name: string): Shape {
  const shape = model.shapes[name];
  if (!shape) throw new Error(`botocore's model has no shape '${name}', which it refers to`);
  return shape;
}

/** The model without its documentation, which is nine tenths of it. */
export function withoutDocumentation(model: ServiceModel): ServiceModel {
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== 'object' || value === null) return value;
    const kept = Object.entries(value).filter(([name, item]) => name !== 'documentation' || typeof item !== 'string');
    return Object.fromEntries(kept.map(([name, item]) => [name, strip(item)]));
  };
  return {
    metadata: model.metadata,
    operations: Object.fromEntries(
      Object.entries(model.operations).map(([id, { name, http, input, output }]) => [
        id,
        { name, http, input, output },
      ]),
    ),
    shapes: strip(model.shapes) as ServiceModel['shapes'],
  };
}

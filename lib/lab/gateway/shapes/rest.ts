/** REST protocols (Lambda, S3): members stand in path, query, headers and body. */
import type { Exchange } from './exchange';
import { type Findings } from './findings';
import { decodeJson, parseJson } from './json';
import { shapeOf, type Operation, type ServiceModel, type Shape, type ShapeReference } from './model';
import { matchRoute } from './routes';
import { OPAQUE, Scalar, type ValueForm } from './values';
import { decodeXml } from './xml';
import { parseXml } from './xml-tree';

export { findRestOperation } from './routes';

type RestProtocol = 'rest-json' | 'rest-xml';

export interface RestValue {
  readonly value: Record<string, unknown>;
  /** False where the body was not kept whole, or is the payload of a stream. */
  readonly isWhole: boolean;
}

const TEXT: ValueForm = { scalars: 'text', timestampFormat: 'iso8601' };
const HEADER: ValueForm = { scalars: 'text', timestampFormat: 'rfc822' };
/** Of signing, checksums and the SDKs, not of an operation. */
const PROTOCOL_QUERY =
  /^(x-id|X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token|Content-Sha256))$/i;
const PROTOCOL_HEADERS =
  /^x-amz-(date|security-token|content-sha256|user-agent|trailer|decoded-content-length|target|te|api-version|checksum-[a-z0-9]+)$/;

export function decodeRestRequest(
  findings: Findings,
  model: ServiceModel,
  protocol: RestProtocol,
  operation: Operation,
  exchange: Exchange,
): RestValue {
  const route = matchRoute(operation, exchange)!;
  const shape = operation.input ? shapeOf(model, operation.input.shape) : undefined;
  const value: Record<string, unknown> = {};
  const queryNames = new Set<string>(route.literals);
  const headerNames = new Set<string>();
  const prefixes: string[] = [];
  for (const [name, reference] of Object.entries(shape?.members ?? {})) {
    const wireName = reference.locationName ?? name;
    if (reference.location === 'uri') {
      if (route.labels[wireName] !== undefined) value[name] = new Scalar(route.labels[wireName], TEXT);
    } else if (reference.location === 'querystring') {
      queryNames.add(wireName);
      const given = route.query.getAll(wireName);
      if (given.length > 0) value[name] = queryValue(model, reference, given);
    } else if (reference.location === 'header') {
      headerNames.add(wireName.toLowerCase());
      const header = headerValue(model, reference, exchange.requestHeaders[wireName.toLowerCase()]);
      if (header !== undefined) value[name] = header;
    } else if (reference.location === 'headers') {
      prefixes.push(wireName.toLowerCase());
      value[name] = prefixed(exchange.requestHeaders, wireName.toLowerCase());
    }
  }
  for (const name of route.query.keys())
    if (!queryNames.has(name) && !PROTOCOL_QUERY.test(name))
      findings.add('', `the model has no query parameter ${name}`);
  for (const name of Object.keys(exchange.requestHeaders))
    if (name.startsWith('x-amz-') && !PROTOCOL_HEADERS.test(name) && !headerNames.has(name))
      if (!prefixes.some((prefix) => name.startsWith(prefix))) findings.add('', `the model has no header ${name}`);
  const isChunked = (exchange.requestHeaders['content-encoding'] ?? '').includes('aws-chunked');
  const body = isChunked ? undefined : exchange.requestBody;
  return { value, isWhole: decodeBody(findings, model, protocol, shape, operation.input?.shape, body, value) };
}

export function decodeRestAnswer(
  findings: Findings,
  model: ServiceModel,
  protocol: RestProtocol,
  operation: Operation,
  exchange: Exchange,
): RestValue {
  const shapeName = operation.output!.shape;
  const shape = shapeOf(model, shapeName);
  const value: Record<string, unknown> = {};
  for (const [name, reference] of Object.entries(shape.members ?? {})) {
    const wireName = (reference.locationName ?? name).toLowerCase();
    if (reference.location === 'statusCode') value[name] = new Scalar(String(exchange.status), TEXT);
    else if (reference.location === 'headers') value[name] = prefixed(exchange.answerHeaders, wireName);
    else if (reference.location === 'header') {
      const header = headerValue(model, reference, exchange.answerHeaders[wireName]);
      if (header !== undefined) value[name] = header;
    }
  }
  const body = exchange.method === 'HEAD' ? Buffer.alloc(0) : exchange.answerBody;
  return { value, isWhole: decodeBody(findings, model, protocol, shape, shapeName, body, value) };
}

/** Adds the body's members to `value`; answers whether the body could be looked into. */
function decodeBody(
  findings: Findings,
  model: ServiceModel,
  protocol: RestProtocol,
  shape: Shape | undefined,
  shapeName: string | undefined,
  body: Buffer | undefined,
  value: Record<string, unknown>,
): boolean {
  if (shape === undefined || shapeName === undefined) return true;
  const payload = shape.payload === undefined ? undefined : shape.members![shape.payload]!;
  const payloadShape = payload && shapeOf(model, payload.shape);
  if ((payloadShape && ['blob', 'string'].includes(payloadShape.type)) || payloadShape?.eventstream) {
    value[shape.payload!] = OPAQUE;
    return true;
  }
  const hasBody = payload ?? Object.values(shape.members ?? {}).some(({ location }) => location === undefined);
  if (!hasBody) return true;
  if (body === undefined) {
    // Unknown, so that no member of it counts as missing.
    for (const [name, { location }] of Object.entries(shape.members ?? {})) if (!location) value[name] = OPAQUE;
    return false;
  }
  if (body.length === 0) return true;
  const bodyShape = payload ? payload.shape : shapeName;
  const decoded =
    protocol === 'rest-json'
      ? decodeJson(findings, model, bodyShape, parseJson(body))
      : decodeXml(findings, model, bodyShape, parseXml(body.toString()));
  if (payload) value[shape.payload!] = decoded;
  else if (typeof decoded === 'object' && decoded !== null) Object.assign(value, decoded);
  return true;
}

function queryValue(model: ServiceModel, reference: ShapeReference, given: readonly string[]): unknown {
  if (shapeOf(model, reference.shape).type === 'list') return given.map((text) => new Scalar(text, TEXT));
  return new Scalar(given[0], TEXT);
}

function headerValue(model: ServiceModel, reference: ShapeReference, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  if (reference.jsonvalue) return OPAQUE;
  if (shapeOf(model, reference.shape).type === 'list')
    return text.split(',').map((item) => new Scalar(item.trim(), HEADER));
  return new Scalar(text, HEADER);
}

function prefixed(headers: Exchange['requestHeaders'], prefix: string): Record<string, unknown> {
  const found = Object.entries(headers).filter(([name, text]) => name.startsWith(prefix) && text !== undefined);
  return Object.fromEntries(found.map(([name, text]) => [name.slice(prefix.length), new Scalar(text, HEADER)]));
}

/** Which operation of a REST service a request's method, path, query and headers mean. */
import type { Exchange } from './exchange';
import { shapeOf, type Operation, type ServiceModel } from './model';

export interface Route {
  /** Values of the path's labels, decoded. */
  readonly labels: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** Query parameters that are part of the operation's address: `list-type` of `?list-type=2`. */
  readonly literals: readonly string[];
}

interface Pattern {
  readonly path: RegExp;
  readonly labels: readonly string[];
  readonly literals: readonly (readonly [string, string])[];
}

const patterns = new WeakMap<Operation, Pattern>();

function patternOf(operation: Operation): Pattern {
  let pattern = patterns.get(operation);
  if (pattern) return pattern;
  const [path = '', query = ''] = operation.http.requestUri.split('?');
  const labels: string[] = [];
  const source = path.replace(/\{([^}+]+)(\+?)\}|[.*+?^${}()|[\]\\]/g, (character, label?: string, greedy?: string) => {
    if (label === undefined) return `\\${character}`;
    labels.push(label);
    return greedy ? '(.+)' : '([^/]+)';
  });
  pattern = { path: new RegExp(`^${source.replace(/\/$/, '')}/?$`), labels, literals: [...new URLSearchParams(query)] };
  patterns.set(operation, pattern);
  return pattern;
}

let lastSearch = '';
let lastQuery = new URLSearchParams();

/** The same request is held against each of a service's operations. */
function parseQuery(search: string): URLSearchParams {
  if (search !== lastSearch) {
    lastSearch = search;
    lastQuery = new URLSearchParams(search);
  }
  return lastQuery;
}

/** How the request fits the operation's address; undefined where it does not. */
export function matchRoute(operation: Operation, { method, url }: Exchange): Route | undefined {
  if (operation.http.method !== method) return undefined;
  const [path = '', search = ''] = url.split('?');
  const pattern = patternOf(operation);
  const found = pattern.path.exec(path);
  if (!found) return undefined;
  const query = parseQuery(search);
  // An empty literal such as `?acl` needs the name alone.
  if (!pattern.literals.every(([name, value]) => query.has(name) && (value === '' || query.get(name) === value)))
    return undefined;
  const labels = Object.fromEntries(
    pattern.labels.map((label, index) => [label, decodeURIComponent(found[index + 1]!)]),
  );
  return { labels, query, literals: pattern.literals.map(([name]) => name) };
}

/**
 * The operation that fits best. Several of S3's share method and path: the SDKs' `x-id` decides, else the address's
 * literals and the required parameters outside the body (UploadPart has partNumber, CopyObject a header).
 */
export function findRestOperation(model: ServiceModel, exchange: Exchange): Operation | undefined {
  const fitting = Object.values(model.operations).flatMap((operation) => {
    const route = matchRoute(operation, exchange);
    return route ? [{ operation, route }] : [];
  });
  const named = fitting.find(({ operation, route }) => route.query.get('x-id') === operation.name);
  if (named) return named.operation;
  const ranked = fitting
    .map(({ operation, route }) => ({ operation, ...rank(model, operation, route, exchange) }))
    .sort((a, b) => a.missing - b.missing || b.points - a.points);
  return ranked[0]?.operation;
}

function rank(model: ServiceModel, operation: Operation, route: Route, { requestHeaders }: Exchange) {
  const shape = operation.input ? shapeOf(model, operation.input.shape) : undefined;
  const required = (shape?.required ?? []).map((name) => ({ name, ...shape!.members![name]! }));
  const outside = required.filter(({ location }) => location === 'querystring' || location === 'header');
  const missing = outside.filter(({ name, location, locationName = name }) =>
    location === 'header' ? requestHeaders[locationName.toLowerCase()] === undefined : !route.query.has(locationName),
  ).length;
  // A fixed path goes before one with a label in its place, and a label for one segment before one for all the rest.
  const { requestUri } = operation.http;
  const labels = (requestUri.match(/\{/g) ?? []).length + (requestUri.match(/\+\}/g) ?? []).length;
  return { missing, points: route.literals.length * 10 + (outside.length - missing) * 10 - labels };
}

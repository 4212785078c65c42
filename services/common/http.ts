import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { errorText, type Logger } from './log';
import { Problem } from './problem';

export interface Reply {
  readonly status: number;
  /** A string goes as it is, anything else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly handle: (request: IncomingMessage) => Promise<Reply> | Reply;
}

export interface HttpOptions {
  readonly port: number;
  readonly routes: readonly Route[];
  readonly logger: Logger;
  readonly onAnswer?: (route: string, status: number, durationSeconds: number) => void;
}

const MAX_HEADER_BYTES = 8 * 1024;
const MAX_HEADERS = 64;
const MAX_CONNECTIONS = 1_024;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 15_000;
/** Longer than the edge keeps an idle connection, so that the edge closes first and never meets a closed one. */
const KEEP_ALIVE_MS = 75_000;

/** A small HTTP/1.1 server: exact paths, JSON answers, problem details, and a limit on everything a client controls. */
export class HttpServer {
  private readonly server: Server;

  constructor(private readonly options: HttpOptions) {
    this.server = createServer(
      {
        maxHeaderSize: MAX_HEADER_BYTES,
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connectionsCheckingInterval: 1_000,
      },
      (request, response) => void this.answer(request, response),
    );
    this.server.maxHeadersCount = MAX_HEADERS;
    this.server.maxConnections = MAX_CONNECTIONS;
  }

  /** Resolves with the port, which differs from the one asked for only if that was 0. */
  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(this.options.port, () => {
        this.server.off('error', reject);
        resolve((this.server.address() as AddressInfo).port);
      });
    });
  }

  /** Takes no new connection, ends idle ones, and resolves when the answers under way are sent. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeIdleConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const path = (request.url ?? '').split('?', 1)[0];
    const candidates = this.options.routes.filter((route) => route.path === path);
    const route = candidates.find(({ method }) => method === request.method);
    let reply: Reply;
    try {
      if (route !== undefined) reply = await route.handle(request);
      else if (candidates.length === 0) reply = problemReply(this.notFound());
      else reply = problemReply(methodNotAllowed(candidates));
    } catch (error) {
      if (!(error instanceof Problem)) this.options.logger.error({ error: errorText(error), path }, 'request failed');
      reply = problemReply(error instanceof Problem ? error : INTERNAL_ERROR);
    }
    send(request, response, reply);
    const durationSeconds = (performance.now() - startedAt) / 1_000;
    this.options.onAnswer?.(
      route === undefined ? 'none' : `${route.method} ${route.path}`,
      reply.status,
      durationSeconds,
    );
  }

  private notFound(): Problem {
    const known = this.options.routes.map(({ method, path }) => `${method} ${path}`).join(', ');
    return new Problem(404, 'not-found', 'Not found', `this service answers ${known}`);
  }
}

const INTERNAL_ERROR = new Problem(500, 'internal', 'Internal error', 'the reason is in the log of the service');

const problemReply = (problem: Problem): Reply => ({
  status: problem.status,
  body: problem.toJSON(),
  headers: { 'content-type': 'application/problem+json', ...problem.headers },
});

function methodNotAllowed(routes: readonly Route[]): Problem {
  const allow = routes.map(({ method }) => method).join(', ');
  return new Problem(405, 'method-not-allowed', 'Method not allowed', `allowed: ${allow}`, {}, { allow });
}

function send(request: IncomingMessage, response: ServerResponse, reply: Reply): void {
  if (response.destroyed) return;
  const body = typeof reply.body === 'string' ? reply.body : `${JSON.stringify(reply.body)}\n`;
  // What is left of a body that nobody read would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(reply.status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    ...reply.headers,
    'content-length': Buffer.byteLength(body),
  });
  response.end(body, () => {
    if (!request.complete) request.destroy();
  });
}

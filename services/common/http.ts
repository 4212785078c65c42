import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { awaitsAnswer, explainClientError, isUnderWay, refuseOnSocket } from './http-refusal';
import { errorText, type Logger } from './log';
import { LogLimiter } from './log-limiter';
import { Problem } from './problem';

export interface Reply {
  readonly status: number;
  /** A string goes as it is, anything else as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** True: it failed, at least in part, and the log tells at level warn. A bad health is an answer and no failure. */
  readonly failed?: boolean;
  /** What the log says of it besides the status: ids and counts, never a key or what a client sent. */
  readonly log?: Readonly<Record<string, unknown>>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly handle: (request: IncomingMessage) => Promise<Reply> | Reply;
}

/** The route as the metrics name it; `none` for a path or method that there is not, and for what is not HTTP. */
export type OnAnswer = (route: string, status: number, durationSeconds: number) => void;

export interface HttpOptions {
  readonly port: number;
  readonly routes: readonly Route[];
  readonly logger: Logger;
  readonly onAnswer?: OnAnswer;
  readonly limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaders: number;
  readonly maxConnections: number;
  readonly headersTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly keepAliveMs: number;
}

const HTTP_LIMITS: HttpLimits = {
  maxHeaderBytes: 8 * 1024,
  maxHeaders: 64,
  maxConnections: 1_024,
  headersTimeoutMs: 5_000,
  requestTimeoutMs: 15_000,
  /** Longer than the edge keeps an idle connection, so that the edge closes first and never meets a closed one. */
  keepAliveMs: 75_000,
};
const MAX_FAILURES_LOGGED_PER_SECOND = 20;
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

/** A small HTTP/1.1 server: exact paths, JSON answers, problem details, and a limit on everything a client controls. */
export class HttpServer {
  private readonly server: Server;
  private readonly limits: HttpLimits;
  private readonly underWay = new Set<IncomingMessage>();
  private readonly failures = new LogLimiter(MAX_FAILURES_LOGGED_PER_SECOND);
  private closing = false;

  constructor(private readonly options: HttpOptions) {
    this.limits = { ...HTTP_LIMITS, ...options.limits };
    this.server = createServer(
      {
        maxHeaderSize: this.limits.maxHeaderBytes,
        headersTimeout: this.limits.headersTimeoutMs,
        requestTimeout: this.limits.requestTimeoutMs,
        keepAliveTimeout: this.limits.keepAliveMs,
        connectionsCheckingInterval: Math.min(1_000, this.limits.headersTimeoutMs),
      },
      (request, response) => {
        this.answer(request, response).catch((error) => {
          this.options.logger.error({ error: errorText(error) }, 'an answer could not be sent');
          response.destroy();
        });
      },
    );
    // Node.js drops headers beyond its limit without a word; one more than ours tells that there were too many.
    this.server.maxHeadersCount = this.limits.maxHeaders + 1;
    this.server.maxConnections = this.limits.maxConnections;
    this.server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.refuse(error.code, socket));
    this.server.on('drop', () => this.logFailure('connection refused: too many', { max: this.limits.maxConnections }));
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

  /** From now on each answer is the last of its connection, so that who keeps connections lets go of them. */
  leave(): void {
    this.closing = true;
  }

  /**
   * Takes no new connection, ends idle ones, and resolves when the answers under way are sent, each with
   * `connection: close`. What is still open after `cutAfterMs` is cut. @default nothing is cut
   */
  close(cutAfterMs?: number): Promise<void> {
    this.leave();
    return new Promise((resolve) => {
      const cut =
        cutAfterMs === undefined ? undefined : setTimeout(() => this.server.closeAllConnections(), cutAfterMs);
      this.server.close(() => {
        clearTimeout(cut);
        resolve();
      });
      this.server.closeIdleConnections();
    });
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now();
    const requestId = takeRequestId(request);
    const path = pathOf(request.url ?? '');
    const route = this.options.routes.find((known) => known.path === path && known.method === request.method);
    this.underWay.add(request);
    let reply: Reply;
    try {
      reply = await this.handle(request, route, path);
    } catch (error) {
      reply = problemReply(error, requestId);
    } finally {
      this.underWay.delete(request);
    }
    this.send(request, response, reply, requestId);
    const name = route === undefined ? 'none' : `${route.method} ${route.path}`;
    this.options.onAnswer?.(name, reply.status, (performance.now() - startedAt) / 1_000);
    this.log(name, requestId, reply);
  }

  /** Asynchronous also where nothing is waited for: until then, a body that came along does not count as received. */
  private async handle(request: IncomingMessage, route: Route | undefined, path: string): Promise<Reply> {
    if (request.rawHeaders.length > this.limits.maxHeaders * 2) throw tooManyHeaders(this.limits.maxHeaders);
    if (route === undefined) throw this.noSuchRoute(path);
    return route.handle(request);
  }

  private send(request: IncomingMessage, response: ServerResponse, reply: Reply, requestId: string): void {
    if (response.destroyed) return;
    const body = typeof reply.body === 'string' ? reply.body : `${JSON.stringify(reply.body)}\n`;
    const headers: Record<string, string | number> = {
      'content-type': 'application/json',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      ...reply.headers,
      'content-length': Buffer.byteLength(body),
    };
    // What is left of a body that nobody read would be taken for the next request.
    if (this.closing || !request.complete) headers.connection = 'close';
    response.writeHead(reply.status, headers);
    response.end(body, () => {
      if (!request.complete) request.destroy();
    });
  }

  private refuse(code: string | undefined, socket: Duplex): void {
    // The end of a body that is cut short is told by the request that it belongs to.
    const isCutShort = code === 'HPE_INVALID_EOF_STATE' && isUnderWay(socket, this.underWay);
    if (!socket.writable || isCutShort || awaitsAnswer(socket, this.underWay)) {
      socket.destroy();
      return;
    }
    const problem = explainClientError(code, this.limits.maxHeaderBytes);
    const requestId = randomUUID();
    refuseOnSocket(socket, problem, requestId);
    this.options.onAnswer?.('none', problem.status, 0);
    const fields = { status: problem.status, request_id: requestId, reason: problem.slug };
    this.logFailure('request failed', { route: 'none', ...fields });
  }

  private log(route: string, requestId: string, { status, failed, log }: Reply): void {
    const { logger } = this.options;
    if (failed !== true && !logger.isLevelEnabled('debug')) return;
    const fields = { route, status, request_id: requestId, ...log };
    if (failed !== true) logger.debug(fields, 'request answered');
    else if (status === INTERNAL_ERROR.status) logger.error(fields, 'request failed');
    else this.logFailure('request failed', fields);
  }

  private logFailure(message: string, fields: object): void {
    const line = this.failures.pass(fields);
    if (line !== undefined) this.options.logger.warn(line, message);
  }

  private noSuchRoute(path: string): Problem {
    const methods = this.options.routes.filter((route) => route.path === path).map(({ method }) => method);
    if (methods.length > 0) {
      const allow = methods.join(', ');
      return new Problem(405, 'method-not-allowed', 'Method not allowed', `allowed: ${allow}`, {}, { allow });
    }
    const known = this.options.routes.map((route) => `${route.method} ${route.path}`).join(', ');
    return new Problem(404, 'not-found', 'Not found', `this service answers ${known}`);
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function takeRequestId({ headers }: IncomingMessage): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
}

function tooManyHeaders(max: number): Problem {
  return new Problem(431, 'too-many-headers', 'Too many headers', `a request may have ${max} header fields at most`);
}

const INTERNAL_ERROR = new Problem(500, 'internal', 'Internal error', 'the reason is in the log of the service');

function problemReply(error: unknown, requestId: string): Reply {
  const problem = error instanceof Problem ? error : INTERNAL_ERROR;
  // The detail of a 4xx may repeat what the client sent; that of a 5xx is ours.
  const detail = problem === error ? problem.detail : errorText(error);
  return {
    status: problem.status,
    body: { ...problem.toJSON(), request_id: requestId },
    headers: { 'content-type': 'application/problem+json', ...problem.headers },
    failed: true,
    log: {
      reason: problem.slug,
      ...problem.log,
      ...(problem.extra.event_id !== undefined && { event_id: problem.extra.event_id }),
      ...(problem.status >= 500 && { detail }),
    },
  };
}

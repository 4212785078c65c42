/** The gateway's front door: who may ask, for what, and who answers. */
import http from 'node:http';
import { authenticate, checkBody, claimedService, type Authentication } from './authentication';
import { AwsError } from '../errors';
import { readBody, stream } from '../ministack/forward';
import { errorText, type Log } from '../log';
import type { Authorizer } from '../authorization/authorizer';
import { operationCall, registryCall } from '../authorization/operation-call';
import { isRegistryRequest, readToken, registryChallenge, registryDenial } from '../ecr/registry';
import type { Upstream } from '../ministack/upstream';
import type { UpgradeListener } from '../session-manager/endpoint';
import { errorReply, parseRequest } from './wire';
import type { Throttle } from './throttle';
import { isNeverForwarded, refuseForwarding } from './never-forwarded';
import type { ShapeWatch } from '../shapes/watch';
import type { LabRequest, LabReply, Interceptors, Listener, ServiceName } from '../types';

export interface ServerDependencies {
  readonly upstream: Upstream;
  readonly log: Log;
  readonly authentication: Authentication;
  readonly authorizer: Pick<Authorizer, 'authorize'>;
  readonly throttle: Pick<Throttle, 'check'>;
  readonly interceptors: Interceptors;
  /** Sees every request of an AWS API that was authenticated, and its answer. */
  readonly shapes: Pick<ShapeWatch, 'observe'>;
  /** The data channels of Session Manager. */
  readonly upgrade: UpgradeListener;
  /** Instance metadata. */
  readonly metadata: Listener;
  /** JSON for /_lab/status. */
  readonly status: () => Promise<unknown>;
  /** JSON for /_lab/iam: judged calls and policies. */
  readonly iamReport: () => Promise<unknown>;
  /** Applies the associations that are due at a time, in milliseconds since 1970. */
  readonly applyAssociationsDue: (now: number) => void;
  /** A custom resource's event, handed over by the forwarder Lambda. */
  readonly resourceEvent: (event: unknown) => void;
}

const HOUR_MILLISECONDS = 3_600_000;
const METADATA_HOST = '169.254.169.254';
/** ResponseURL of custom resources. CDK's handlers drop its port, and ministack's Lambdas then take the endpoint's. */
const RESPONSE_PATH = '/_ministack/cfn-response/';
/** A web page that has rebound its name to 127.0.0.1 still sends its own name as Host. */
const PLAIN_HOST = /^(localhost|\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\])(:\d+)?$/i;

/**
 * A server for one listener. `trusted` is the one that listens on loopback inside the lab's container, for ministack
 * and its Lambdas: ministack has no credentials, so signatures are not checked there. A Lambda is known by its key.
 */
export function createServer(dependencies: ServerDependencies, trusted: boolean): http.Server {
  const handle: Listener = (message, response) =>
    void route(dependencies, trusted, message, response).catch((error: unknown) => {
      const known = error instanceof AwsError ? error : new AwsError('LabGatewayFailure', errorText(error));
      if (!(error instanceof AwsError))
        dependencies.log('gateway', error instanceof Error ? (error.stack ?? error.message) : String(error));
      send(message, response, errorReply(claimedService(message), message, known));
    });
  const server = http.createServer({ requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: 65_000 }, handle);
  if (!trusted) server.on('upgrade', dependencies.upgrade);
  server.on('checkContinue', (message: http.IncomingMessage, response: http.ServerResponse) => {
    response.writeContinue();
    handle(message, response);
  });
  return server;
}

async function route(
  dependencies: ServerDependencies,
  trusted: boolean,
  message: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const { authentication, upstream, log } = dependencies;
  const path = message.url!.split('?')[0]!;
  if (message.headers.origin !== undefined)
    throw new AwsError('AccessDenied', 'the lab refuses requests of web pages (header Origin)', 403);
  if (message.headers.host?.split(':')[0] === METADATA_HOST) return dependencies.metadata(message, response);
  if (trusted && path.startsWith(RESPONSE_PATH)) return stream(upstream, message, response, log);
  if (path.startsWith('/_')) return send(message, response, await labEndpoint(dependencies, trusted, path, message));
  if (isRegistryRequest(message)) {
    const refusal = trusted ? undefined : await refuseRegistry(dependencies, message);
    return refusal ? send(message, response, refusal) : stream(upstream, message, response, log);
  }
  const { service, body, principal } = await authenticate(authentication, trusted, message);
  const recordRequest = dependencies.shapes.observe(service, message, response);
  const interceptors = dependencies.interceptors[service as ServiceName];
  // S3's bodies may be large, and say nothing about the permission: they stream.
  const isRead = interceptors !== undefined || (principal !== undefined && service !== 's3');
  const whole = isRead ? (body ?? (await readBody(message))) : body;
  if (whole) recordRequest(whole);
  if (whole && isRead) checkBody(message, whole);
  const call = operationCall(service, message, whole);
  if (principal) await dependencies.authorizer.authorize(principal, call);
  // Not ministack's own calls: it tries nothing twice.
  if (principal || !trusted) dependencies.throttle.check(service, call.operation);
  if (!interceptors || !whole) return stream(upstream, message, response, log, whole, recordRequest);
  const request: LabRequest = { service, ...parseRequest(message, whole), body: whole, message, principal };
  for (const intercept of interceptors) {
    const reply = await intercept(request);
    if (reply) return send(message, response, reply);
  }
  if (isNeverForwarded(service, request.action)) throw refuseForwarding(service, request.action);
  stream(upstream, message, response, log, whole);
}

/** Docker sends the password of GetAuthorizationToken; what it then asks for needs ECR's permissions. */
async function refuseRegistry(
  { authentication, authorizer }: ServerDependencies,
  message: http.IncomingMessage,
): Promise<LabReply | undefined> {
  const access = readToken(message.headers.authorization, authentication.labSecret, new Date());
  if ('refusal' in access) return registryChallenge(access.refusal);
  const call = access.principal && registryCall(message);
  if (!access.principal || !call) return undefined;
  try {
    await authorizer.authorize(access.principal, call);
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return registryDenial(error.message);
    throw error;
  }
}

async function labEndpoint(
  dependencies: ServerDependencies,
  trusted: boolean,
  path: string,
  message: http.IncomingMessage,
): Promise<LabReply> {
  if (!PLAIN_HOST.test(message.headers.host ?? ''))
    throw new AwsError('AccessDenied', `the lab does not answer to the name '${message.headers.host}'`, 403);
  if (path === '/_lab/health') return plainJson({ status: 'ok' });
  if (path === '/_lab/status') return plainJson(await dependencies.status());
  if (path === '/_lab/iam') return plainJson(await dependencies.iamReport());
  // `docker exec metals-lab-aws`: a rate of State Manager is half an hour at least, and no test waits for that.
  if (path === '/_lab/associations-in-an-hour' && trusted && message.method === 'POST') {
    dependencies.applyAssociationsDue(Date.now() + HOUR_MILLISECONDS);
    return plainJson({});
  }
  if (path === '/_lab/resource' && trusted && message.method === 'POST') {
    dependencies.resourceEvent(JSON.parse((await readBody(message)).toString()));
    return plainJson({});
  }
  throw new AwsError('NotFound', `the lab has no ${path}`, 404);
}

const plainJson = (value: unknown): LabReply => ({
  status: 200,
  contentType: 'application/json',
  body: JSON.stringify(value, undefined, 1),
});

function send(message: http.IncomingMessage, response: http.ServerResponse, reply: LabReply): void {
  // What is left of a refused upload is not read: the connection cannot be used again.
  const unread = message.complete ? {} : { connection: 'close' };
  if (response.headersSent) return void response.destroy();
  response.writeHead(reply.status, {
    ...reply.headers,
    ...unread,
    'content-type': reply.contentType,
    'content-length': Buffer.byteLength(reply.body),
  });
  response.end(message.method === 'HEAD' ? undefined : reply.body);
}

/** Instance metadata, version 2, and the report of the nodes' agents. An instance is known by its source address. */
import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import { errorText, type Log } from '../log';
import type { InstanceCredentials } from '../iam/instance-credentials';
import { readMetadata } from './metadata';
import { instanceAt, type InstanceRecord, type NodesStore } from '../ec2/records';

const TOKEN_HEADER = 'x-aws-ec2-metadata-token';
const TOKEN_TTL_HEADER = 'x-aws-ec2-metadata-token-ttl-seconds';
const MAX_TOKEN_SECONDS = 21_600;
const CREDENTIALS_PATH = 'meta-data/iam/security-credentials';
/** Where a node's agent reports that it lives; not part of instance metadata. */
export const AGENT_PATH = '/lab/agent';

interface Token {
  readonly instanceId: string;
  readonly expiresAt: number;
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: http.OutgoingHttpHeaders;
}

export interface MetadataDependencies {
  readonly store: NodesStore;
  readonly credentials: InstanceCredentials;
  readonly log: Log;
  readonly onReport: (instance: InstanceRecord) => void;
  readonly now?: () => number;
}

export class MetadataServer {
  private readonly tokens = new Map<string, Token>();
  private readonly now: () => number;

  constructor(private readonly dependencies: MetadataDependencies) {
    this.now = dependencies.now ?? Date.now;
  }

  readonly listener = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    request.resume();
    void this.answer(request)
      .catch((error: unknown): Answer => {
        this.dependencies.log('instance metadata', `${request.url}: ${errorText(error)}`);
        return { status: 500, body: errorText(error) };
      })
      .then(({ status, body, contentType = 'text/plain', headers }) => {
        response.writeHead(status, { 'content-type': contentType, server: 'EC2ws', ...headers });
        response.end(body);
      });
  };

  private async answer(request: http.IncomingMessage): Promise<Answer> {
    const address = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    const instance = instanceAt(this.dependencies.store.data, address);
    if (!instance) return { status: 404, body: `no instance of the lab has the address ${address}` };
    if (request.method === 'POST' && request.url === AGENT_PATH) {
      this.dependencies.onReport(instance);
      return { status: 200, body: '' };
    }
    const path = /^\/(?:latest|\d{4}-\d\d-\d\d)(?:\/(.*))?$/.exec(request.url ?? '')?.[1];
    if (path === undefined) return request.url === '/' ? { status: 200, body: 'latest' } : notFound(request.url);
    if (path === 'api/token') return this.issueToken(request, instance);
    if (request.method !== 'GET' && request.method !== 'HEAD') return { status: 405, body: 'Method Not Allowed' };
    const refusal = this.checkToken(request, instance);
    if (refusal) return refusal;
    return this.read(instance, path);
  }

  private issueToken(request: http.IncomingMessage, instance: InstanceRecord): Answer {
    if (request.method !== 'PUT') return { status: 405, body: 'Method Not Allowed' };
    // A proxy that forwards requests from elsewhere: EC2 refuses it as well.
    if (request.headers['x-forwarded-for']) return { status: 403, body: 'Forbidden' };
    const seconds = Number(request.headers[TOKEN_TTL_HEADER]);
    if (!Number.isInteger(seconds) || seconds < 1 || seconds > MAX_TOKEN_SECONDS) {
      return { status: 400, body: `${TOKEN_TTL_HEADER} must be a number from 1 to ${MAX_TOKEN_SECONDS}` };
    }
    const token = randomBytes(32).toString('base64url');
    for (const [known, { expiresAt }] of this.tokens) if (expiresAt <= this.now()) this.tokens.delete(known);
    this.tokens.set(token, { instanceId: instance.id, expiresAt: this.now() + seconds * 1000 });
    return { status: 200, body: token, headers: { [TOKEN_TTL_HEADER]: String(seconds) } };
  }

  private checkToken(request: http.IncomingMessage, instance: InstanceRecord): Answer | undefined {
    const sent = request.headers[TOKEN_HEADER];
    if (sent === undefined && !instance.metadata.tokensRequired) return undefined;
    const token = this.tokens.get(String(sent));
    if (token && token.instanceId === instance.id && token.expiresAt > this.now()) return undefined;
    return { status: 401, body: 'Unauthorized' };
  }

  private async read(instance: InstanceRecord, path: string): Promise<Answer> {
    const { store, credentials } = this.dependencies;
    let roleName: string | undefined;
    if (instance.instanceProfile && /^meta-data(\/(iam.*)?)?$/.test(path)) {
      const role = await credentials.forInstance(instance.id, instance.instanceProfile);
      roleName = role.roleName;
      if (path === `${CREDENTIALS_PATH}/${roleName}`) {
        return {
          status: 200,
          contentType: 'application/json',
          body: JSON.stringify({
            Code: 'Success',
            LastUpdated: new Date(this.now()).toISOString(),
            Type: 'AWS-HMAC',
            AccessKeyId: role.accessKeyId,
            SecretAccessKey: role.secretAccessKey,
            Token: role.sessionToken,
            Expiration: role.expiration.toISOString(),
          }),
        };
      }
    }
    const text = readMetadata(instance, store.data.interfaces[instance.interfaceId], roleName, path);
    return text === undefined ? notFound(path) : { status: 200, body: text };
  }
}

const notFound = (path: string | undefined): Answer => ({ status: 404, body: `${path}: Not Found` });

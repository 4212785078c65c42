/** Calls from the gateway to ministack, which listens on loopback only and trusts whoever reaches it. */
import http from 'node:http';
import { LAB_ACCOUNT_ID, LAB_REGION } from '../../../contract';
import { UpstreamError } from '../errors';
import { xmlValue } from '../front-door/xml';

export interface UpstreamReply {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

/** A structured query parameter: lists become `.1`, `.2`…, objects become `.Name`. */
export type QueryValue =
  string | number | boolean | undefined | readonly QueryValue[] | { readonly [name: string]: QueryValue };

/** Versions of the query APIs that ministack serves. */
const QUERY_VERSION: Readonly<Record<string, string>> = {
  ec2: '2016-11-15',
  iam: '2010-05-08',
  autoscaling: '2011-01-01',
  cloudformation: '2010-05-15',
  sts: '2011-06-15',
};

/** Flattens structured parameters into the pairs of a query API: `{Tag: [{Key: 'a'}]}` is `Tag.1.Key=a`. */
export function flattenQuery(params: Readonly<Record<string, QueryValue>>): [string, string][] {
  const flatten = (name: string, value: QueryValue): [string, string][] => {
    if (value === undefined || value === null) return [];
    if (Array.isArray(value))
      return value.flatMap((item, index) => flatten(`${name}.${index + 1}`, item as QueryValue));
    if (typeof value === 'object')
      return Object.entries(value).flatMap(([key, item]) => flatten(`${name}.${key}`, item as QueryValue));
    return [[name, String(value)]];
  };
  return Object.entries(params).flatMap(([name, value]) => flatten(name, value));
}

export class Upstream {
  readonly agent = new http.Agent({ keepAlive: true, maxSockets: 64 });

  constructor(
    readonly port: number,
    readonly host: string = '127.0.0.1',
  ) {}

  /** One HTTP request, answered whole. `signedFor` names the service by which ministack routes. */
  request(
    method: string,
    path: string,
    headers: http.OutgoingHttpHeaders = {},
    body?: string | Buffer,
  ): Promise<UpstreamReply> {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
      const { host, port, agent } = this;
      const request = http.request(
        { host, port, agent, method, path, headers: { ...headers, ...length } },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const whole = Buffer.concat(chunks);
            resolve({ status: response.statusCode!, headers: response.headers, body: whole, text: whole.toString() });
          });
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  /** A query API (ec2, iam, autoscaling, cloudformation, sts); answers the XML. */
  async query(
    service: string,
    action: string,
    params: Readonly<Record<string, QueryValue>> = {},
    version: string = QUERY_VERSION[service] ?? '',
  ): Promise<string> {
    const form = new URLSearchParams([['Action', action], ['Version', version], ...flattenQuery(params)]);
    const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: credentialScope(service) };
    const { status, text } = await this.request('POST', '/', headers, form.toString());
    if (status < 300) return text;
    throw new UpstreamError(
      `${service} ${action}`,
      xmlValue(text, 'Code') ?? `Http${status}`,
      xmlValue(text, 'Message') ?? text.slice(0, 300),
      status,
    );
  }

  /** A JSON API by X-Amz-Target, such as `secretsmanager.CreateSecret` or `AmazonSSM.GetParameter`. */
  async json(service: string, target: string, body: unknown): Promise<any> {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': target,
      authorization: credentialScope(service),
    };
    const { status, text } = await this.request('POST', '/', headers, JSON.stringify(body));
    if (status < 300) return JSON.parse(text || '{}');
    const error = parseJsonError(text);
    throw new UpstreamError(target, error.code ?? `Http${status}`, error.message ?? text.slice(0, 300), status);
  }

  /** A REST API (s3, lambda); answers whatever the status is. */
  rest(
    service: string,
    method: string,
    path: string,
    body?: string | Buffer,
    headers: http.OutgoingHttpHeaders = {},
  ): Promise<UpstreamReply> {
    return this.request(method, path, { authorization: credentialScope(service), ...headers }, body);
  }

  close(): void {
    this.agent.destroy();
  }
}

/** ministack routes by the credential scope and takes the account from the key id; it checks no signature. */
const credentialScope = (service: string): string =>
  `AWS4-HMAC-SHA256 Credential=${LAB_ACCOUNT_ID}/20260101/${LAB_REGION}/${service}/aws4_request, ` +
  'SignedHeaders=host, Signature=0';

function parseJsonError(text: string): { code?: string; message?: string } {
  try {
    const error = JSON.parse(text);
    return { code: error.__type?.split('#').pop(), message: error.message ?? error.Message };
  } catch {
    return {};
  }
}

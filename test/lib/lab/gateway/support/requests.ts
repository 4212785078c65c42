/** Requests for interceptors and servers, signed as an SDK signs them. */
import { createHash, createHmac } from 'node:crypto';
import http from 'node:http';
import { SignatureV4 } from '@smithy/signature-v4';
import { LAB_ACCOUNT_ID } from '../../../../../lib/contract';
import type { LabRequest } from '../../../../../lib/lab/gateway/types';

export const SECRET = 'secret of the lab under test';

class Sha256 {
  private readonly hash;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string);
  }
  update(data: string | Uint8Array) {
    this.hash.update(data);
  }
  digest() {
    return Promise.resolve(this.hash.digest());
  }
  reset() {}
}

export interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly service?: string;
  readonly region?: string;
  readonly secret?: string;
  /** @default the lab's own */
  readonly accessKeyId?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  /** Headers that are added after signing. */
  readonly unsignedHeaders?: Record<string, string>;
}

export interface Received {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export function send(port: number, sent: Sent & { readonly headers?: Record<string, string> }): Promise<Received> {
  const { method = 'POST', path = '/', headers = {}, body } = sent;
  return new Promise((resolve, reject) => {
    const request = http.request({ port, host: '127.0.0.1', method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    request.on('error', reject);
    if (headers.expect) request.on('continue', () => request.end(body));
    else request.end(body);
  });
}

export async function sendSigned(port: number, sent: Sent): Promise<Received> {
  const { method = 'POST', path = '/', service = 'ssm', region = 'eu-west-1', body } = sent;
  const credentials = {
    accessKeyId: sent.accessKeyId ?? LAB_ACCOUNT_ID,
    secretAccessKey: sent.secret ?? SECRET,
  };
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256, uriEscapePath: service !== 's3' });
  const headers = { host: `127.0.0.1:${port}`, ...sent.headers };
  const message = { method, path, headers, body, query: {}, protocol: 'http:', hostname: '127.0.0.1' };
  const signed = await signer.sign(message);
  return send(port, { ...sent, headers: { ...signed.headers, ...sent.unsignedHeaders } });
}

/** What an interceptor is given for a query API's form. */
export function formRequest(service: string, params: Record<string, string>, host = '127.0.0.1:4566'): LabRequest {
  const body = Buffer.from(new URLSearchParams(params).toString());
  return { ...labRequest(service, params.Action!, host, 'application/x-www-form-urlencoded'), params, body };
}

/** What an interceptor is given for a JSON API's call. */
export function jsonRequest(service: string, action: string, params: unknown, host = '127.0.0.1:4566'): LabRequest {
  const body = Buffer.from(JSON.stringify(params));
  return { ...labRequest(service, action, host, 'application/x-amz-json-1.1'), params, body };
}

function labRequest(service: string, action: string, host: string, contentType: string) {
  const headers = { host, 'content-type': contentType };
  const headersDistinct = { host: [host], 'content-type': [contentType] };
  const message = { method: 'POST', url: '/', headers, headersDistinct } as unknown as http.IncomingMessage;
  return { service, action, message };
}

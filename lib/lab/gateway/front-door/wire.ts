/** The wire formats of AWS services: which action a request names, and how an error looks to its client. */
import type http from 'node:http';
import { AwsError } from '../errors';
import { splitUrl } from './sigv4';
import { escapeXml } from './xml';
import type { LabReply } from '../types';

export interface ParsedRequest {
  readonly action: string;
  readonly params: any;
}

type WireFormat = 'json' | 'query' | 'ec2' | 's3' | 'rest-json';

/** A query API's form as a flat record, a JSON API's parsed body; action '' where the path alone says it. */
export function parseRequest(message: http.IncomingMessage, body: Buffer): ParsedRequest {
  const target = message.headers['x-amz-target'];
  if (typeof target === 'string') return { action: target.split('.').pop()!, params: parseJson(body) };
  const form = isForm(message) ? new URLSearchParams(body.toString()) : splitUrl(message.url!).query;
  return { action: form.get('Action') ?? '', params: Object.fromEntries(form) };
}

const isForm = (message: http.IncomingMessage): boolean =>
  (message.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString() || '{}');
  } catch (error) {
    throw new AwsError('SerializationException', `the request's body is not JSON: ${(error as Error).message}`);
  }
}

function wireFormat(service: string | undefined, message: http.IncomingMessage): WireFormat {
  if (message.headers['x-amz-target']) return 'json';
  if (service === 's3') return 's3';
  if (service === 'ec2') return 'ec2';
  if (isForm(message) || splitUrl(message.url!).query.has('Action')) return 'query';
  return 'rest-json';
}

/** An error that every SDK can parse: one that it cannot costs up to 45 s of retries. */
export function errorReply(service: string | undefined, message: http.IncomingMessage, error: AwsError): LabReply {
  const { code, status } = error;
  const text = error.message;
  const xml = `<Code>${escapeXml(code)}</Code><Message>${escapeXml(text)}</Message>`;
  const requestId = crypto.randomUUID();
  const headers = { 'x-amzn-requestid': requestId, 'x-amzn-errortype': code };
  switch (wireFormat(service, message)) {
    case 'json': {
      const body = JSON.stringify({ __type: code, message: text });
      return { status, headers, contentType: 'application/x-amz-json-1.1', body };
    }
    case 'rest-json':
      return { status, headers, contentType: 'application/json', body: JSON.stringify({ code, message: text }) };
    case 's3':
      return xmlReply(status, headers, `<Error>${xml}<RequestId>${requestId}</RequestId></Error>`);
    case 'ec2':
      return xmlReply(
        status,
        headers,
        `<Response><Errors><Error>${xml}</Error></Errors><RequestID>${requestId}</RequestID></Response>`,
      );
    case 'query':
      return xmlReply(
        status,
        headers,
        `<ErrorResponse><Error><Type>Sender</Type>${xml}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`,
      );
  }
}

const xmlReply = (status: number, headers: Record<string, string>, body: string): LabReply => ({
  status,
  headers,
  contentType: 'text/xml',
  body: `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
});

/** A successful answer of a JSON API. */
export const jsonReply = (body: unknown): LabReply => ({
  status: 200,
  contentType: 'application/x-amz-json-1.1',
  body: JSON.stringify(body),
});

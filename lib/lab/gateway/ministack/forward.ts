/** Passes requests on to ministack: streamed both ways, or whole so that the answer can be edited. */
import http from 'node:http';
import type { Log } from '../log';
import type { Upstream, UpstreamReply } from './upstream';
import type { LabReply } from '../types';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'expect', 'upgrade']);

/** The headers as they came, Host included, without those that concern one connection only. */
export function forwardedHeaders(message: http.IncomingMessage): http.OutgoingHttpHeaders {
  const headers: http.OutgoingHttpHeaders = {};
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (!HOP_BY_HOP.has(name)) headers[name] = values!.length === 1 ? values![0] : values;
  }
  return headers;
}

export async function readBody(message: http.IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Sends the request with this body and answers ministack's whole answer, uncompressed. */
export function relay(
  upstream: Upstream,
  message: http.IncomingMessage,
  body: Buffer | string,
  path: string = message.url!,
): Promise<UpstreamReply> {
  const headers = forwardedHeaders(message);
  delete headers['accept-encoding'];
  delete headers['content-length'];
  return upstream.request(message.method!, path, headers, body);
}

const NOT_COPIED = new Set([...HOP_BY_HOP, 'content-length', 'content-type', 'content-encoding']);

/** ministack's answer as the gateway's, with its text edited. */
export async function editReply(
  reply: UpstreamReply,
  edit: (text: string) => string | Promise<string>,
): Promise<LabReply> {
  const headers = Object.fromEntries(
    Object.entries(reply.headers).filter(([name, value]) => value !== undefined && !NOT_COPIED.has(name)),
  ) as Record<string, string | string[]>;
  const contentType = reply.headers['content-type'] ?? 'application/octet-stream';
  return { status: reply.status, headers, contentType, body: await edit(reply.text) };
}

/**
 * Streams a request through; used for everything whose body the gateway need not see.
 *
 * @param body the request's body, where it has been read already
 * @param onRequestPart hears each part of the request's body on its way, where it has not
 */
export function stream(
  upstream: Upstream,
  message: http.IncomingMessage,
  response: http.ServerResponse,
  log: Log,
  body?: Buffer,
  onRequestPart?: (part: Buffer) => void,
): void {
  const headers = forwardedHeaders(message);
  if (body) headers['content-length'] = body.length;
  else if (message.headers['transfer-encoding']) headers['transfer-encoding'] = message.headers['transfer-encoding'];
  const { host, port } = upstream;
  const outgoing = http.request({
    host,
    port,
    method: message.method,
    path: message.url,
    headers,
    agent: upstream.agent,
  });
  outgoing.on('response', (incoming) => {
    const passed = Object.entries(incoming.headersDistinct).filter(([name]) => !HOP_BY_HOP.has(name));
    response.writeHead(incoming.statusCode!, Object.fromEntries(passed) as http.OutgoingHttpHeaders);
    incoming.pipe(response);
    incoming.on('error', (error) => response.destroy(error));
  });
  outgoing.on('error', (error) => {
    log('forward', `${message.method} ${message.url!.split('?')[0]}: ${error.message}`);
    if (response.headersSent) return void response.destroy();
    response.writeHead(400, { 'content-type': 'application/json', connection: 'close' });
    response.end(JSON.stringify({ __type: 'LabUnavailable', message: `ministack did not answer: ${error.message}` }));
  });
  response.on('close', () => {
    if (!response.writableFinished) outgoing.destroy();
  });
  if (body) {
    outgoing.end(body);
    return;
  }
  if (onRequestPart) message.on('data', onRequestPart);
  message.pipe(outgoing);
}

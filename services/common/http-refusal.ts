import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { Problem } from './problem';

/** What Node.js refuses before there is a request, by its code. */
export function explainClientError(code: string | undefined, maxHeaderBytes: number): Problem {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new Problem(431, 'headers-too-large', 'Headers too large', `the headers may have ${maxHeaderBytes} bytes`);
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Problem(413, 'too-large', 'Content too large', 'the chunk extensions are too long');
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem(408, 'too-slow', 'Request timeout', 'the request did not arrive in time');
    default:
      return new Problem(400, 'not-http', 'Bad request', 'this is not an HTTP/1.1 request');
  }
}

/** Answers on the bare socket, and closes it. */
export function refuseOnSocket(socket: Duplex, problem: Problem, requestId: string): void {
  const body = `${JSON.stringify({ ...problem.toJSON(), request_id: requestId })}\n`;
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'content-type: application/problem+json',
    `x-request-id: ${requestId}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}

/**
 * With a complete request still unanswered on the same connection, a refusal would be taken for its answer: a client
 * would believe that an event was refused that may be stored.
 */
export const awaitsAnswer = (socket: Duplex, underWay: Iterable<IncomingMessage>): boolean =>
  requestsOf(socket, underWay).some(({ complete }) => complete);

export const isUnderWay = (socket: Duplex, underWay: Iterable<IncomingMessage>): boolean =>
  requestsOf(socket, underWay).length > 0;

const requestsOf = (socket: Duplex, underWay: Iterable<IncomingMessage>): IncomingMessage[] =>
  [...underWay].filter((request) => request.socket === socket);

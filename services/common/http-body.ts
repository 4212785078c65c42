import type { IncomingMessage } from 'node:http';
import { Problem } from './problem';

/** Reads a JSON body of limited size; every refusal is a Problem that says what is allowed. */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0].trim().toLowerCase();
  if (type !== 'application/json') {
    throw new Problem(
      415,
      'media-type',
      'Unsupported media type',
      `content-type is ${type === '' ? 'missing' : JSON.stringify(type)}; expected application/json`,
    );
  }
  const encoding = request.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    throw new Problem(415, 'content-encoding', 'Unsupported content encoding', 'send the body without compression');
  }
  const bytes = await readBytes(request, maxBytes);
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Problem(400, 'not-utf-8', 'Bad request', 'the body is not valid UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem(400, 'not-json', 'Bad request', `the body is not JSON: ${(error as Error).message}`);
  }
}

function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): Problem =>
    new Problem(413, 'too-large', 'Content too large', `the body may have ${maxBytes} bytes at most`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) {
        request.pause();
        reject(tooLarge());
        return;
      }
      chunks.push(chunk);
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', reject);
    request.on('close', () => reject(new Problem(400, 'aborted', 'Bad request', 'the client went away')));
  });
}

import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { shownValue } from './field-problems';
import { findDoubledKey } from './json-keys';
import { Problem, unavailable } from './problem';

export interface BodyLimits {
  readonly maxBytes: number;
  /** For all bodies that are being received at one time: many slow ones must not fill the memory. */
  readonly maxTotalBytes: number;
}

/** Reads JSON bodies of limited size; every refusal is a Problem that says what is allowed. */
export class BodyReader {
  private receivedBytes = 0;

  constructor(private readonly limits: BodyLimits) {}

  async readJson(request: IncomingMessage): Promise<unknown> {
    refuseMediaType(request);
    const bytes = await this.readBytes(request);
    if (!isUtf8(bytes)) throw new Problem(400, 'not-utf-8', 'Bad request', 'the body is not valid UTF-8');
    const text = bytes.toString('utf8');
    const value = parse(text);
    const doubled = findDoubledKey(text, value);
    if (doubled === undefined) return value;
    const name = String(shownValue(doubled));
    throw new Problem(
      400,
      'doubled-key',
      'Bad request',
      `the name ${JSON.stringify(name)} stands twice in one object`,
      {
        errors: [{ field: name, allowed: 'each name once in an object' }],
      },
    );
  }

  private readBytes(request: IncomingMessage): Promise<Buffer> {
    if (Number(request.headers['content-length'] ?? 0) > this.limits.maxBytes) return Promise.reject(this.tooLarge());
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const release = (): void => {
        this.receivedBytes -= size;
        size = 0;
        chunks.length = 0;
      };
      request.on('data', (chunk: Buffer) => {
        size += chunk.length;
        this.receivedBytes += chunk.length;
        chunks.push(chunk);
        const refusal = this.refusal(size);
        if (refusal === undefined) return;
        request.pause().removeAllListeners('data');
        release();
        reject(refusal);
      });
      request.on('end', () => {
        const bytes = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
        release();
        resolve(bytes);
      });
      // A client that goes away: `close` follows and says so in our words.
      request.on('error', () => undefined);
      request.on('close', () => {
        release();
        if (!request.complete) reject(new Problem(400, 'aborted', 'Bad request', 'the client went away'));
      });
    });
  }

  private refusal(size: number): Problem | undefined {
    if (size > this.limits.maxBytes) return this.tooLarge();
    if (this.receivedBytes <= this.limits.maxTotalBytes) return undefined;
    return unavailable('busy', `the bodies under way have more than ${this.limits.maxTotalBytes} bytes`);
  }

  private tooLarge(): Problem {
    const detail = `the body may have ${this.limits.maxBytes} bytes at most`;
    return new Problem(413, 'too-large', 'Content too large', detail);
  }
}

function refuseMediaType({ headers }: IncomingMessage): void {
  const type = headers['content-type'];
  // The usual spelling needs no parsing.
  if (type !== 'application/json') {
    const name = (type ?? '').split(';', 1)[0].trim().toLowerCase();
    if (name !== 'application/json') {
      const got = name === '' ? 'missing' : JSON.stringify(shownValue(name));
      const detail = `content-type is ${got}; expected application/json`;
      throw new Problem(415, 'media-type', 'Unsupported media type', detail);
    }
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    const detail = 'send the body without compression';
    throw new Problem(415, 'content-encoding', 'Unsupported content encoding', detail);
  }
}

function parse(text: string): unknown {
  if (text.charCodeAt(0) === 0xfeff) {
    throw new Problem(400, 'not-json', 'Bad request', 'the body starts with a byte order mark; send plain UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = text === '' ? 'it is empty' : (error as Error).message;
    throw new Problem(400, 'not-json', 'Bad request', `the body is not JSON: ${reason}`);
  }
}

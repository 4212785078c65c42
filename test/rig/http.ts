import { request, type Agent, type IncomingHttpHeaders } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<IncomingHttpHeaders>;
  readonly text: string;
}

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** @default a connection of its own */
  readonly agent?: Agent;
}

const TIMEOUT_MS = 5_000;

/** node:http and not fetch, whose promise stays open for ever when a connection is reset while it is being made. */
export function call(url: string, options: Call = {}): Promise<Answer> {
  const { method = 'GET', body, headers, timeoutMs = TIMEOUT_MS, agent } = options;
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: agent ?? false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
      response.on('error', reject);
    });
    // Of the whole call, not of a silent socket: a proxy between may keep that open.
    const timer = setTimeout(
      () => sent.destroy(new Error(`${method} ${url}: no answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
    sent.on('close', () => clearTimeout(timer));
    sent.on('error', reject);
    sent.end(body);
  });
}

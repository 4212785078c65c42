/** An HTTP server in ministack's place, which records what reaches it. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Upstream } from '../../../../../lib/lab/gateway/ministack/upstream';

export interface Recorded {
  readonly method: string;
  readonly url: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** Query parameters of a form, parsed. */
  readonly form: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
}

export class FakeMinistack {
  readonly requests: Recorded[] = [];
  answer: (request: Recorded) => Answer = () => ({ body: '<ok/>' });
  private readonly server = http.createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on('data', (chunk: Buffer) => chunks.push(chunk));
    message.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      const form = Object.fromEntries(new URLSearchParams(body));
      const { method, url, headers } = message as Required<http.IncomingMessage>;
      const recorded = { method, url, headers, body, form };
      this.requests.push(recorded);
      const answer = this.answer(recorded);
      response.writeHead(answer.status ?? 200, { 'content-type': 'text/xml', ...answer.headers });
      response.end(answer.body ?? '');
    });
  });
  upstream!: Upstream;

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.upstream = new Upstream((this.server.address() as AddressInfo).port);
    return this;
  }

  async stop(): Promise<void> {
    this.upstream.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The forms of query requests so far, by action. */
  actions(): string[] {
    return this.requests.map(({ form, headers }) => form.Action ?? String(headers['x-amz-target']));
  }

  reset(): void {
    this.requests.length = 0;
  }
}

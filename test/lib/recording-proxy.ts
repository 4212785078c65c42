/** A proxy that refuses every way and remembers what it was asked for. */
import { createServer, type AddressInfo } from 'node:net';

export interface RecordingProxy {
  /** Value of HTTPS_PROXY. */
  readonly url: string;
  /** First line of each request, `CONNECT host:443 HTTP/1.1`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export async function startRecordingProxy(): Promise<RecordingProxy> {
  const requests: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      requests.push(bytes.toString('latin1').split('\r\n')[0]!);
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

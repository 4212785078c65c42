import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { temporaryFolder } from './temporary-folder';

export interface TestAuthority {
  /** PEM file of its certificate. */
  readonly caFile: string;
  /** @param altNames such as `DNS:localhost` */
  readonly sign: (altNames: string) => { readonly cert: string; readonly key: string };
}

const openssl = (...args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });

/** A CA of its own, as a cluster has that nobody's list of authorities knows. */
export function createAuthority(): TestAuthority {
  const folder = temporaryFolder();
  const [caFile, caKey] = [join(folder, 'ca.pem'), join(folder, 'ca.key')];
  const fresh = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...fresh, '-keyout', caKey, '-out', caFile, '-subj', '/CN=test authority', '-days', '2');
  const sign: TestAuthority['sign'] = (altNames) => {
    const [request, key, names] = [join(folder, 'r.csr'), join(folder, 'r.key'), join(folder, 'r.ext')];
    writeFileSync(names, `subjectAltName=${altNames}\n`);
    openssl('req', ...fresh, '-keyout', key, '-out', request, '-subj', '/CN=server');
    const signer = ['-CA', caFile, '-CAkey', caKey, '-CAcreateserial', '-days', '2'];
    return {
      cert: openssl('x509', '-req', '-in', request, ...signer, '-extfile', names),
      key: readFileSync(key, 'utf8'),
    };
  };
  return { caFile, sign };
}

/** Serves TLS on a port of its own choice; `onData` gets what a client sends once the handshake is done, and no answer follows. */
export async function serveTls(
  identity: { readonly cert: string; readonly key: string },
  onData: (data: Buffer) => void = () => undefined,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const sockets = new Set<{ destroy: () => void }>();
  const server: Server = createServer(identity, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (data: Buffer) => {
      onData(data);
      socket.end();
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

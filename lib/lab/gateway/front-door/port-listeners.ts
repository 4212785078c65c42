/** The ports of the lab that lead to its nodes: they stay the machine's while nodes come and go. */
import net from 'node:net';
import { errorText, type Log } from '../log';
import { PASS_THROUGH_SERVER } from './pass-through';

export interface PortListenersDependencies {
  readonly ports: readonly number[];
  /** Address to listen on. */
  readonly address: string;
  /** Leads a connection to a port on, or refuses it. */
  readonly lead: (port: number, client: net.Socket) => void;
  readonly log: Log;
}

export class PortListeners {
  private servers: readonly net.Server[] = [];
  private readonly clients = new Set<net.Socket>();

  constructor(private readonly dependencies: PortListenersDependencies) {}

  async start(): Promise<void> {
    this.servers = await Promise.all(this.dependencies.ports.map((port) => this.listen(port)));
  }

  stop(): void {
    for (const server of this.servers) server.close();
    for (const client of this.clients) client.resetAndDestroy();
  }

  private listen(port: number): Promise<net.Server> {
    const { address, lead, log } = this.dependencies;
    const server = net.createServer(PASS_THROUGH_SERVER, (client) => {
      this.clients.add(client);
      client.once('close', () => this.clients.delete(client));
      lead(port, client);
    });
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(new Error(`cannot listen on ${address}:${port}: ${error.message}`)));
      server.listen(port, address, () => {
        server.on('error', (error) => log('port-listeners', `${port}: ${errorText(error)}`));
        resolve(server);
      });
    });
  }
}

/** Carries a TCP connection on to another place, as it is. */
import net from 'node:net';

/** After so long without a byte a connection is given up, which is a network load balancer's default. */
const IDLE_SECONDS = 350;

/** What the machine at the other end answers; other failures to connect are silence. */
const REFUSALS = ['ECONNREFUSED', 'ECONNRESET'];

/** For `net.createServer`: each direction ends by itself, and nothing is read before it can be passed on. */
export const PASS_THROUGH_SERVER = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true } as const;

/**
 * Joins a client with a place, once. A place that refuses refuses the client. One that does not answer at all is silence for
 * the client as well, until it gives up: a packet to a machine that is gone is lost.
 */
export function passThrough(client: net.Socket, place: { readonly address: string; readonly port: number }): void {
  const server = net.connect({ host: place.address, port: place.port, allowHalfOpen: true, noDelay: true });
  let connected = false;
  let failure: string | undefined;
  server.once('connect', () => {
    connected = true;
    client.pipe(server);
    server.pipe(client);
  });
  server.on('error', (error: NodeJS.ErrnoException) => (failure = error.code));
  // `close` follows, which is where the other end learns of it.
  client.on('error', () => undefined);
  client.setTimeout(IDLE_SECONDS * 1000, () => client.resetAndDestroy());
  client.once('close', () => {
    if (!connected) server.destroy();
    else if (!isOver(client)) server.resetAndDestroy();
  });
  server.once('close', () => {
    if (client.destroyed || (connected && isOver(server))) return;
    if (connected || REFUSALS.includes(failure ?? '')) return void client.resetAndDestroy();
    client.resume().once('end', () => client.destroy());
  });
}

/** Both directions have ended in order. */
const isOver = (socket: net.Socket): boolean => socket.readableEnded && socket.writableFinished;

/** Where the plugin connects: a WebSocket, of which the first message proves whose it is. */
import type http from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type WebSocket } from 'ws';
import { errorText, type Log } from '../log';
import type { NodeSessions } from './node-sessions';

const PATH = /^\/v1\/data-channel\/([\w-]+)(\?|$)/;
/** What the plugin sends at once is a kilobyte of data and its header. */
const MOST_BYTES = 64 * 1024;

export type UpgradeListener = (message: http.IncomingMessage, socket: Duplex, head: Buffer) => void;

export function sessionEndpoint(sessions: Pick<NodeSessions, 'connect' | 'disconnected'>, log: Log): UpgradeListener {
  const server = new WebSocketServer({ noServer: true, maxPayload: MOST_BYTES });
  return (message, socket, head) => {
    const id = PATH.exec(message.url ?? '')?.[1];
    if (message.headers.upgrade?.toLowerCase() !== 'websocket')
      return refuse(socket, '400 Bad Request', 'the lab upgrades a connection for sessions alone: use HTTP/1.1');
    // A web page may open a WebSocket to anywhere.
    if (id === undefined || message.headers.origin !== undefined)
      return refuse(socket, '404 Not Found', 'the lab has no such data channel');
    server.handleUpgrade(message, socket, head, (webSocket) => serve(sessions, log, id, webSocket));
  };
}

function refuse(socket: Duplex, status: string, why: string): void {
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: ${why.length}\r\n\r\n${why}`,
  );
}

function serve(
  sessions: Pick<NodeSessions, 'connect' | 'disconnected'>,
  log: Log,
  id: string,
  webSocket: WebSocket,
): void {
  const connection = { send: (bytes: Buffer) => webSocket.send(bytes), close: () => webSocket.close() };
  let receive: ((bytes: Buffer) => void) | undefined;
  webSocket.on('message', (data: Buffer) => {
    try {
      if (receive) receive(data);
      else receive = sessions.connect(id, tokenOf(data), connection);
    } catch (error) {
      log(id, errorText(error));
      webSocket.close();
    }
  });
  webSocket.on('error', (error) => log(id, errorText(error)));
  webSocket.on('close', () => sessions.disconnected(id, connection));
}

/** Of OpenDataChannelInput. */
function tokenOf(data: Buffer): string {
  const { TokenValue: token } = JSON.parse(data.toString()) as { TokenValue?: unknown };
  return typeof token === 'string' ? token : '';
}

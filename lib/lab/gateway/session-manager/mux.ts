/**
 * Several connections in one stream, as agent and plugin carry forwarded ports: version 1 of smux
 * [github.com/xtaci/smux, frame.go], of which this is the side that accepts.
 */
import type { Duplex } from 'node:stream';

const VERSION = 1;
const COMMAND = { open: 0, end: 1, data: 2 } as const;
/** Version, command, length (two bytes, little-endian) and number of the connection (four). */
const HEADER_BYTES = 8;
const MOST_DATA_BYTES = 32_768;

export interface MuxDependencies {
  /** Answers whether there is room for more. */
  readonly write: (bytes: Buffer) => boolean;
  /** A connection to the port; `error` where it cannot be made. */
  readonly connect: () => Duplex;
  readonly onConnectError: (error: Error) => void;
}

export class Mux {
  private rest = Buffer.alloc(0);
  private readonly connections = new Map<number, Duplex>();

  constructor(private readonly dependencies: MuxDependencies) {}

  receive(bytes: Buffer): void {
    this.rest = Buffer.concat([this.rest, bytes]);
    for (;;) {
      if (this.rest.length < HEADER_BYTES) return;
      const length = this.rest.readUInt16LE(2);
      if (this.rest.length < HEADER_BYTES + length) return;
      const [version, command, id] = [this.rest[0], this.rest[1], this.rest.readUInt32LE(4)];
      if (version !== VERSION) throw new Error(`a frame of version ${version}, expected ${VERSION}`);
      const data = Buffer.from(this.rest.subarray(HEADER_BYTES, HEADER_BYTES + length));
      this.rest = this.rest.subarray(HEADER_BYTES + length);
      this.frame(command!, id, data);
    }
  }

  /** There is room for what connections have to say. */
  drain(): void {
    for (const connection of this.connections.values()) connection.resume();
  }

  close(): void {
    for (const connection of this.connections.values()) connection.destroy();
    this.connections.clear();
  }

  private frame(command: number, id: number, data: Buffer): void {
    if (command === COMMAND.open) this.open(id);
    else if (command === COMMAND.data) this.connections.get(id)?.write(data);
    else if (command === COMMAND.end) this.connections.get(id)?.end();
    // What is left keeps the connection alive, and says nothing.
  }

  private open(id: number): void {
    const connection = this.dependencies.connect();
    this.connections.set(id, connection);
    connection.on('data', (data: Buffer) => {
      let hasRoom = true;
      for (let from = 0; from < data.length; from += MOST_DATA_BYTES)
        hasRoom = this.send(COMMAND.data, id, data.subarray(from, from + MOST_DATA_BYTES));
      if (!hasRoom) for (const each of this.connections.values()) each.pause();
    });
    connection.on('error', (error: Error) => this.dependencies.onConnectError(error));
    connection.on('end', () => this.forget(id));
    connection.on('close', () => this.forget(id));
  }

  private forget(id: number): void {
    if (this.connections.delete(id)) this.send(COMMAND.end, id, Buffer.alloc(0));
  }

  private send(command: number, id: number, data: Buffer): boolean {
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt8(VERSION, 0);
    header.writeUInt8(command, 1);
    header.writeUInt16LE(data.length, 2);
    header.writeUInt32LE(id, 4);
    return this.dependencies.write(Buffer.concat([header, data]));
  }
}

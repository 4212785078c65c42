/** Several connections in one stream. */
import { PassThrough, type Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mux } from '../../../../../lib/lab/gateway/session-manager/mux';

/** A frame of smux, version 1. */
const frame = (command: number, id: number, data = ''): Buffer => {
  const header = Buffer.from([1, command, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16LE(data.length, 2);
  header.writeUInt32LE(id, 4);
  return Buffer.concat([header, Buffer.from(data)]);
};
const [OPEN, END, DATA, NOTHING] = [0, 1, 2, 3];

let connections: Duplex[];
let written: Buffer[];
let errors: string[];
let hasRoom: boolean;
let mux: Mux;

beforeEach(() => {
  [connections, written, errors, hasRoom] = [[], [], [], true];
  mux = new Mux({
    write: (bytes) => {
      written.push(bytes);
      return hasRoom;
    },
    // Answers with what it is sent.
    connect: () => {
      connections.push(new PassThrough());
      return connections.at(-1)!;
    },
    onConnectError: (error) => errors.push(error.message),
  });
});
afterEach(() => mux.close());

const shown = (): string[] =>
  written.map((bytes) => `${bytes[1]} ${bytes.readUInt32LE(4)} ${bytes.subarray(8).toString()}`.trim());

test('each connection has its own answers, whatever pieces frames come in', async () => {
  const stream = Buffer.concat([
    frame(OPEN, 3),
    frame(OPEN, 5),
    frame(DATA, 3, 'for three'),
    frame(NOTHING, 0),
    frame(DATA, 5, 'for five'),
  ]);
  for (const byte of stream) mux.receive(Buffer.from([byte]));
  await sleep(20);
  expect(shown().sort()).toEqual(['2 3 for three', '2 5 for five']);
});

test('an end is passed on, once what was said before it has been answered', async () => {
  mux.receive(Buffer.concat([frame(OPEN, 3), frame(DATA, 3, 'last'), frame(END, 3)]));
  await sleep(20);
  expect(shown()).toEqual(['2 3 last', '1 3']);
});

test('a port that refuses is told, and its connection ended', async () => {
  mux.receive(frame(OPEN, 3));
  connections[0]!.destroy(new Error('refused'));
  await sleep(20);
  expect(errors).toEqual(['refused']);
  expect(shown()).toEqual(['1 3']);
});

test('while there is no room connections are not read', async () => {
  hasRoom = false;
  mux.receive(Buffer.concat([frame(OPEN, 3), frame(DATA, 3, 'a')]));
  await sleep(20);
  mux.receive(frame(DATA, 3, 'b'));
  await sleep(20);
  expect(shown()).toEqual(['2 3 a']);
  hasRoom = true;
  mux.drain();
  await sleep(20);
  expect(shown()).toEqual(['2 3 a', '2 3 b']);
});

test('more than a frame holds comes in several', async () => {
  mux.receive(frame(OPEN, 3));
  connections[0]!.push(Buffer.alloc(100_000, 'x'));
  await sleep(20);
  expect(written.every((bytes) => bytes.length <= 32_768 + 8)).toBe(true);
  expect(written.reduce((sum, bytes) => sum + bytes.length - 8, 0)).toBe(100_000);
});

test('another version is refused', () => {
  expect(() => mux.receive(Buffer.from([2, 0, 0, 0, 3, 0, 0, 0]))).toThrow('a frame of version 2, expected 1');
});

/** Bytes as Kafka's own classes write and read them: the layout of KIP-554, version 0. */
import { pbkdf2Sync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { Kafka, logLevel } from 'kafkajs';
import Decoder from 'kafkajs/src/protocol/decoder';
import Encoder from 'kafkajs/src/protocol/encoder';
import { alterRequest, checkAltered, saltedPassword, withScramUsers } from '../../../services/tools/scram-users';

const tags = (encoder: Encoder): Encoder => encoder.writeUVarInt(0);
const answer = (encoder: Encoder): Decoder => new Decoder(encoder.buffer);

test('a refusal names the user and why', () => {
  const refused = new Encoder().writeInt32(0).writeUVarInt(2);
  tags(tags(refused.writeUVarIntString('producer-1').writeInt16(94).writeUVarIntString('Too few iterations')));
  expect(() => checkAltered(answer(refused))).toThrow(
    'the password of producer-1 cannot be changed: Too few iterations (Kafka error 94)',
  );
});

test('an answer without a refusal is none', () => {
  const done = new Encoder().writeInt32(0).writeUVarInt(2);
  tags(tags(done.writeUVarIntString('producer-1').writeInt16(0).writeUVarInt(0)));
  expect(() => checkAltered(answer(done))).not.toThrow();
});

test('a password travels salted, never itself, and is what a client of RFC 5802 proves', () => {
  const { buffer } = alterRequest([{ name: 'producer-2', password: 'a-password' }]).encode(new Encoder());
  expect(buffer.includes('a-password')).toBe(false);
  const decoder = new Decoder(buffer);
  // No removal: Kafka would forget all users at its next start.
  expect(decoder.readUVarInt()).toBe(1);
  expect([decoder.readUVarInt(), decoder.readUVarIntString()]).toEqual([2, 'producer-2']);
  expect([decoder.readInt8(), decoder.readInt32()]).toEqual([2, 4096]);
  const salt = buffer.subarray(-24 - 1 - 64 - 2, -64 - 1 - 2);
  const salted = buffer.subarray(-64 - 2, -2);
  expect(salted).toEqual(pbkdf2Sync('a-password', salt, 4096, 64, 'sha512'));
  expect(saltedPassword('a-password', salt)).toEqual(salted);
});

test('a broker that hangs up is passed over for the next one; what the last one did is thrown', async () => {
  const asked: number[] = [];
  const servers = [0, 1].map((index) =>
    createServer((socket) => {
      asked.push(index);
      socket.destroy();
    }).listen(0, '127.0.0.1'),
  );
  try {
    await Promise.all(servers.map((server) => once(server, 'listening')));
    const brokers = servers.map((server) => `127.0.0.1:${(server.address() as AddressInfo).port}`);
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    const connection = { brokers, username: 'admin', connection_timeout_ms: 1_000, request_timeout_ms: 1_000 };
    await expect(withScramUsers(kafka, connection, 'a-password', () => Promise.resolve())).rejects.toThrow(/onnection/);
    expect(asked).toEqual([0, 1]);
  } finally {
    for (const server of servers) server.close();
  }
});

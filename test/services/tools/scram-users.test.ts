/** Bytes as Kafka's own classes write and read them: the layout of KIP-554, version 0. */
import { pbkdf2Sync } from 'node:crypto';
import Decoder from 'kafkajs/src/protocol/decoder';
import Encoder from 'kafkajs/src/protocol/encoder';
import {
  alterRequest,
  checkAltered,
  describeRequest,
  readUsers,
  saltedPassword,
} from '../../../services/tools/scram-users';

const tags = (encoder: Encoder): Encoder => encoder.writeUVarInt(0);
const answer = (encoder: Encoder): Decoder => new Decoder(encoder.buffer);

test('a refusal names the user and why', () => {
  const refused = new Encoder().writeInt32(0).writeUVarInt(2);
  tags(tags(refused.writeUVarIntString('producer-1').writeInt16(94).writeUVarIntString('Too few iterations')));
  expect(() => checkAltered(answer(refused))).toThrow(
    'the password of producer-1 cannot be changed: Too few iterations (Kafka error 94)',
  );
  const denied = new Encoder().writeInt32(0).writeInt16(31).writeUVarInt(0).writeUVarInt(1);
  expect(() => readUsers(answer(tags(denied)))).toThrow(
    'the users cannot be listed: no reason is given (Kafka error 31)',
  );
});

test('an answer without a refusal is none', () => {
  const done = new Encoder().writeInt32(0).writeUVarInt(2);
  tags(tags(done.writeUVarIntString('producer-1').writeInt16(0).writeUVarInt(0)));
  expect(() => checkAltered(answer(done))).not.toThrow();
});

test('all users are asked for, and those that have a password are read', () => {
  expect([...describeRequest().encode(new Encoder()).buffer]).toEqual([0, 0]);
  const users = new Encoder().writeInt32(0).writeInt16(0).writeUVarInt(0).writeUVarInt(3);
  users.writeUVarIntString('admin').writeInt16(0).writeUVarInt(0).writeUVarInt(2).writeInt8(2).writeInt32(4096);
  tags(tags(users));
  tags(users.writeUVarIntString('gone').writeInt16(91).writeUVarIntString('no such user').writeUVarInt(1));
  expect(readUsers(answer(tags(users)))).toEqual(['admin']);
});

test('a password travels salted, never itself, and is what a client of RFC 5802 proves', () => {
  const { buffer } = alterRequest([{ name: 'producer-2', password: 'a-password' }], ['producer-1']).encode(
    new Encoder(),
  );
  expect(buffer.includes('a-password')).toBe(false);
  const decoder = new Decoder(buffer);
  expect([decoder.readUVarInt(), decoder.readUVarIntString(), decoder.readInt8()]).toEqual([2, 'producer-1', 2]);
  decoder.readTaggedFields();
  expect([decoder.readUVarInt(), decoder.readUVarIntString()]).toEqual([2, 'producer-2']);
  expect([decoder.readInt8(), decoder.readInt32()]).toEqual([2, 4096]);
  const salt = buffer.subarray(-24 - 1 - 64 - 2, -64 - 1 - 2);
  const salted = buffer.subarray(-64 - 2, -2);
  expect(salted).toEqual(pbkdf2Sync('a-password', salt, 4096, 64, 'sha512'));
  expect(saltedPassword('a-password', salt)).toEqual(salted);
});

/**
 * Passwords of Kafka's users, which kafkajs cannot change: a request of KIP-554.
 * Protocol: https://kafka.apache.org/protocol#The_Messages_AlterUserScramCredentials
 */
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import type Decoder from 'kafkajs/src/protocol/decoder';
import type { KafkaLoginConnection } from '../common/kafka';
import { connectToOne, noTags, readList, type KafkaRequest } from '../common/kafka-request';

const SHA_512 = 2;
/** As Kafka's own tools; it refuses fewer. */
const ITERATIONS = 4096;
const SALT_BYTES = 24;
const KEY_BYTES = 64;

export interface ScramUser {
  readonly name: string;
  readonly password: string;
}

export interface ScramUsers {
  /**
   * Gives users their passwords. There is no way to remove one: after a restart Kafka 4.3.1 reads its records anew, and where
   * the first change that it meets is a removal it forgets all users (org.apache.kafka.image.ScramDelta.apply).
   */
  set(users: readonly ScramUser[]): Promise<void>;
}

/** Runs an action over a connection of its own to the first broker that can be reached, by the login of an administrator. */
export async function withScramUsers<T>(
  kafka: Kafka,
  connection: KafkaLoginConnection,
  password: string,
  action: (users: ScramUsers) => Promise<T>,
): Promise<T> {
  const broker = await connectToOne({ kafka, clientId: 'metals-setup', connection, password });
  try {
    return await action({ set: async (users) => checkAltered(await broker.send(alterRequest(users))) });
  } finally {
    await broker.close();
  }
}

export const alterRequest = (set: readonly ScramUser[]): KafkaRequest => ({
  apiKey: 51,
  apiName: 'AlterUserScramCredentials',
  apiVersion: 0,
  encode: (encoder) => {
    // No removal.
    encoder.writeUVarInt(1);
    encoder.writeUVarInt(set.length + 1);
    for (const { name, password } of set) {
      const salt = randomBytes(SALT_BYTES);
      encoder.writeUVarIntString(name).writeInt8(SHA_512).writeInt32(ITERATIONS);
      encoder.writeUVarIntBytes(salt).writeUVarIntBytes(saltedPassword(password, salt));
      noTags(encoder);
    }
    return noTags(encoder);
  },
});

/** RFC 5802's Hi(); the password itself never leaves this process. Its letters and digits need no SASLprep. */
export const saltedPassword = (password: string, salt: Buffer): Buffer =>
  pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, 'sha512');

export function checkAltered(decoder: Decoder): void {
  decoder.readInt32();
  readList(decoder, () => {
    const user = decoder.readUVarIntString();
    failOn(decoder.readInt16(), decoder.readUVarIntString(), `the password of ${user} cannot be changed`);
    decoder.readTaggedFields();
  });
}

function failOn(code: number, message: string | null, what: string): void {
  if (code !== 0) throw new Error(`${what}: ${message ?? 'no reason is given'} (Kafka error ${code})`);
}
